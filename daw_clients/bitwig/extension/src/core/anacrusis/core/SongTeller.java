package anacrusis.core;

import anacrusis.core.HostPort.HostSettings;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Prompt, seed, LoRAs and source: told when they change, and all of them to an engine that knows nothing. */
final class SongTeller {
    /** A source by the name that `anacrusis source FILE` prints. */
    private static final Pattern SOURCE_NAME = Pattern.compile("[0-9a-f]{64}");
    private static final String NO_SOURCE = " 0";
    private static final String LORAS_WORDS =
            "LoRAs: up to four names that `anacrusis lora list` prints, between commas";
    /** When to ask again for a source that the engine did not have. */
    private static final long SOURCE_RETRY_MS = 5000;

    private final EngineLink link;
    private final Refusals refusals;
    private String prompt;
    private Long seed;
    private List<String> loras = LoraNames.none();
    private String source = NO_SOURCE;
    private Long retryMs;
    private boolean quantised;

    SongTeller(EngineLink link, Refusals refusals) {
        this.link = link;
        this.refusals = refusals;
    }

    /** The engine knows nothing. */
    void forget() {
        prompt = null;
        seed = null;
        loras = LoraNames.none();
        source = NO_SOURCE;
        retryMs = null;
    }

    /** {@code fromBarLines}: changes are to be heard from a bar line on, as a stream is open. */
    void tell(HostSettings settings, boolean fromBarLines, long nowMs) {
        quantised = fromBarLines;
        tellSource(settings.source(), settings.repeatBars(), nowMs);
        tellLoras(settings.loras());
        if (seed == null || seed != settings.seed()) {
            seed = settings.seed();
            Map<String, Object> message = Message.of("param");
            message.put("parameter", "seed");
            message.put("value", (double) settings.seed());
            change("param", message, reply -> { });
        }
        if (!settings.prompt().equals(prompt)) {
            prompt = settings.prompt();
            Map<String, Object> message = Message.of("prompt");
            message.put("text", settings.prompt());
            change("prompt", message, reply -> { });
        }
    }

    private void tellSource(String name, int repeatBars, long nowMs) {
        String told = name + " " + (name.isEmpty() ? 0 : repeatBars);
        boolean again = retryMs != null && nowMs >= retryMs;
        if (told.equals(source) && !again) {
            return;
        }
        source = told;
        retryMs = null;
        if (!name.isEmpty() && !SOURCE_NAME.matcher(name).matches()) {
            refusals.set("source_use", "Source: paste the name that `anacrusis source FILE` prints");
            return;
        }
        Map<String, Object> message = Message.of("source_use");
        message.put("hash", name);
        message.put("repeat_bars", repeatBars);
        change("source_use", message, reply -> {
            if (Message.text(reply, "code").equals(Protocol.UNKNOWN_SOURCE)) {
                retryMs = nowMs + SOURCE_RETRY_MS;
                refusals.set("source_use", "the engine does not have the source: run `anacrusis source FILE`");
            }
        });
    }

    /** Each place for itself: one that is taken says nothing of another that is refused. */
    private void tellLoras(String text) {
        List<String> names = LoraNames.of(text);
        refusals.set("LoRAs", names == null ? LORAS_WORDS : "");
        for (int i = 0; names != null && i < names.size(); i++) {
            if (!names.get(i).equals(loras.set(i, names.get(i)))) {
                Map<String, Object> message = Message.of("lora_use");
                message.put("place", i + 1);
                message.put("name", names.get(i));
                change("lora_use " + (i + 1), message, reply -> { });
            }
        }
    }

    /** {@code topic}: of a refusal. */
    private void change(String topic, Map<String, Object> message, Consumer<Map<String, Object>> onReply) {
        if (quantised) {
            message.put("when", Map.of("kind", "next_bar"));
        }
        link.ask(message, reply -> {
            refusals.hear(topic, reply);
            onReply.accept(reply);
        });
    }
}
