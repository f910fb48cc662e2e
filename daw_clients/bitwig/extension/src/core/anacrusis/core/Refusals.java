package anacrusis.core;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the engine did not take, in its own words, until it takes it. */
final class Refusals {
    private final Map<String, String> words = new LinkedHashMap<>();

    /** Of an engine that was just greeted nothing is known. */
    void clear() {
        words.clear();
    }

    /** {@code said}: empty where it was taken. */
    void set(String topic, String said) {
        words.put(topic, said);
    }

    /** Takes a reply; returns whether it was taken. */
    boolean hear(String topic, Map<String, Object> reply) {
        boolean refused = Message.text(reply, "type").equals("error");
        words.put(topic, refused ? Message.text(reply, "message") : "");
        return !refused;
    }

    /** One of them; empty where all is well. */
    String first() {
        return words.values().stream().filter(said -> !said.isEmpty()).findFirst().orElse("");
    }
}
