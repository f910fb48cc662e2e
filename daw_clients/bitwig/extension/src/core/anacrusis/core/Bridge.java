package anacrusis.core;

import anacrusis.core.HostPort.HostSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The extension itself: what the host shows is told to the engine, bars come back into slots.
 *
 * <p>One thread, the host's: {@link #tick} every {@link #TICK_MS}, {@link #close} at the end.
 */
public final class Bridge implements EngineLink.User {
    public static final int TICK_MS = 40;
    public static final int SAMPLE_RATE_HZ = 48_000;
    public static final String TRACK_NAME = "Anacrusis";
    private static final int CHANNELS = 2;
    /** How many frames may pass between two looks at the host. */
    private static final int HOST_BLOCK = 4096;
    private static final long REPORT_MS = 100;
    private static final long TRACK_PATIENCE_MS = 3000;
    private static final int STREAM = 1;
    private static final int WINDOW_BARS = 4;
    /** One is heard, one may be emptied; the others hold what comes. */
    private static final int SPARE_SLOTS = 2;
    private static final String NO_TRACK = "name an audio track " + TRACK_NAME;

    private enum Stream { OFF, OPENING, ON, REFUSED }

    private final HostPort host;
    private final PlayHead head = new PlayHead(SAMPLE_RATE_HZ);
    private final SlotDeck deck;
    private final EngineLink link;
    private final BarPieces pieces = new BarPieces();
    private final BarFolder files;
    private final Refusals refusals = new Refusals();
    private final SongTeller song;
    private final LaneTeller lanes;
    private boolean closed;
    private boolean track;
    private Long trackSeenMs;
    private boolean noTrack;
    private Stream stream = Stream.OFF;
    private int epoch;
    private long granted = -1;
    private int toldRevision = -1;
    private long toldMs;
    private String model = "";
    private String shown = "";
    private String popped = "";

    /** {@code folder}: where the folders of sessions go, with the bars that clips point at. */
    public Bridge(HostPort host, Path folder) {
        this.host = host;
        deck = new SlotDeck(host);
        files = new BarFolder(folder, SAMPLE_RATE_HZ);
        Map<String, Object> hello = Message.of("hello");
        hello.put("client", "bitwig-extension");
        hello.put("host", "Bitwig Studio");
        hello.put("sample_rate", SAMPLE_RATE_HZ);
        hello.put("block_size", HOST_BLOCK);
        hello.put("channels", CHANNELS);
        link = new EngineLink(this, hello);
        song = new SongTeller(link, refusals);
        lanes = new LaneTeller(link, refusals);
    }

    /** One look at the host. */
    public void tick() {
        if (closed) {
            return;
        }
        long nowMs = host.nowMs();
        HostSettings settings = host.settings();
        head.observe(host.transport(), nowMs);
        enterEpoch();
        link.use(settings.port());
        link.tick(nowMs);
        lookAtTrack(nowMs);
        lanes.follow(host.remotes(), head);
        if (link.ready()) {
            tell(settings, nowMs);
        }
        if (track) {
            deck.tick(nowMs, head.address());
            launch();
        }
        show(settings);
    }

    /** The end. The bars that are there stay. */
    public void close() {
        closed = true;
        link.close();
    }

    // ------------------------------------------------------------ what the engine tells

    @Override
    public void onReady(Map<String, Object> welcome) {
        model = welcome.get("model") instanceof Map<?, ?> told ? String.valueOf(told.get("name")) : "";
        stream = Stream.OFF;
        toldRevision = -1;
        refusals.clear();
        song.forget();
        host.popup("Anacrusis: connected to " + model);
        lanes.tellAll();
    }

    @Override
    public void onGone() {
        stream = Stream.OFF;
    }

    @Override
    public void onMessage(Map<String, Object> message, byte[] payload) {
        switch (Message.text(message, "type")) {
            case "audio" -> heard(message, payload);
            case "error", "notice" -> refusals.set("notice", Message.text(message, "message"));
            default -> { }
        }
    }

    private void heard(Map<String, Object> block, byte[] payload) {
        if (stream != Stream.ON || Message.number(block, "epoch") != epoch
                || payload.length != Message.number(block, "frames") * 4 * CHANNELS) {
            return;
        }
        for (BarPieces.Piece piece : pieces.take(block, payload)) {
            try {
                Path path = files.write(piece);
                deck.take(new BarFile(piece.address(), piece.address() + piece.frames(), piece.bar(), path));
            } catch (IOException error) {
                refusals.set("file", "bar " + piece.bar() + " could not be written: " + error.getMessage());
            }
        }
    }

    // ------------------------------------------------------------ what the engine is told

    private void tell(HostSettings settings, long nowMs) {
        if (head.revision() != toldRevision || nowMs - toldMs >= REPORT_MS) {
            toldRevision = head.revision();
            toldMs = nowMs;
            link.send(head.message());
        }
        song.tell(settings, stream == Stream.ON, nowMs);
        if (settings.follow() && stream == Stream.OFF) {
            openStream();
        } else if (!settings.follow() && (stream == Stream.ON || stream == Stream.REFUSED)) {
            closeStream();
        }
        if (stream == Stream.ON) {
            grant(settings.barsAhead());
        }
    }

    private void openStream() {
        stream = Stream.OPENING;
        granted = -1;
        deck.begin();
        Map<String, Object> message = Message.of("open_stream");
        message.put("stream", STREAM);
        message.put("window_bars", WINDOW_BARS);
        link.ask(message, reply -> stream = refusals.hear("stream", reply) ? Stream.ON : Stream.REFUSED);
    }

    private void closeStream() {
        if (stream == Stream.ON) {
            Map<String, Object> message = Message.of("close_stream");
            message.put("stream", STREAM);
            link.ask(message, reply -> { });
        }
        stream = Stream.OFF;
    }

    /** Lets the engine send the bar that plays and the whole bars after it. */
    private void grant(int barsAhead) {
        int room = Math.max(1, Math.min(barsAhead, host.slotCount() - SPARE_SLOTS));
        List<PlayHead.BarAhead> bars = head.barsAhead(room);
        if (bars.isEmpty() || bars.get(bars.size() - 1).end() <= granted) {
            return;
        }
        granted = bars.get(bars.size() - 1).end();
        Map<String, Object> message = Message.of("credit");
        message.put("stream", STREAM);
        message.put("epoch", head.epoch());
        message.put("frames", granted);
        link.send(message);
    }

    // ------------------------------------------------------------ slots

    private void lookAtTrack(long nowMs) {
        boolean there = host.trackIsThere();
        if (there || trackSeenMs == null) {
            trackSeenMs = nowMs;
        }
        noTrack = nowMs - trackSeenMs > TRACK_PATIENCE_MS;
        if (track && !there) {
            deck.forget();
        }
        track = there;
    }

    /** A new epoch is another run of bars. */
    private void enterEpoch() {
        if (epoch == head.epoch()) {
            return;
        }
        epoch = head.epoch();
        granted = -1;
        lanes.leave();
        if (stream == Stream.ON) {
            deck.begin();
        }
    }

    private void launch() {
        if (stream != Stream.ON || !head.playing()) {
            return;
        }
        for (PlayHead.BarAhead line : head.barsAhead(1)) {
            if (line.address() > head.address()) {
                double leftMs = 1000.0 * (line.address() - head.address()) / SAMPLE_RATE_HZ;
                deck.launchAt(line, leftMs, head.song().bar(line.ppq()) + 1);
            }
        }
    }

    // ------------------------------------------------------------ what the user reads

    private void show(HostSettings settings) {
        String words = words(settings);
        if (!words.equals(shown)) {
            shown = words;
            host.status(words);
        }
        String alarm = !link.ready() ? link.words() : noTrack ? NO_TRACK : fault();
        if (!alarm.equals(popped)) {
            popped = alarm;
            if (!alarm.isEmpty()) {
                host.popup("Anacrusis: " + alarm);
            }
        }
    }

    private String fault() {
        return refusals.first().isEmpty() ? deck.fault() : refusals.first();
    }

    private String words(HostSettings settings) {
        if (!link.ready()) {
            return link.words().isEmpty() ? "looking for the engine" : link.words();
        }
        StringBuilder words = new StringBuilder(model);
        if (noTrack) {
            words.append("; ").append(NO_TRACK);
        }
        if (head.unsettled()) {
            words.append("; the tempo moves");
        }
        words.append(!settings.follow() ? "; Follow is off" : head.playing() ? "; playing"
                : "; ready: " + deck.readyCount() + " bars");
        if (deck.missed() > 0) {
            words.append("; ").append(deck.missed()).append(" bars late");
        }
        return fault().isEmpty() ? words.toString() : words.append("; ").append(fault()).toString();
    }
}
