package anacrusis.core;

import anacrusis.core.HostPort.HostTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Where the host is, as the bridge counts it: epochs, addresses, laps.
 *
 * <p>Hosts tell their position some tens of times a second, and say nothing of a locate or of a loop's wrap:
 * both are read off the positions.
 */
final class PlayHead {
    /** A tempo or signature counts once it has stood for so long: each one starts the song anew. */
    static final long SETTLE_MS = 300;
    /** A position may run ahead of the clock by so much before it is taken for a locate. */
    static final long JUMP_MS = 300;
    /** The engine takes no shorter loop. */
    static final double SHORTEST_LOOP_SECONDS = 0.1;
    private static final int MOST_PIECES = 256;

    /** Quarter notes. */
    record Stretch(double start, double end) {
    }

    /** A whole bar on the host's way; {@code end} is the address behind it. */
    record BarAhead(long address, long end, double ppq) {
    }

    private final int rateHz;
    private Song song;
    private Song newSong;
    private long newSongMs;
    private Stretch loop;
    private Long left;
    private int epoch;
    private int lap;
    private int revision;
    private boolean playing;
    private double ppq;
    private long movedMs;
    private long lapSample;
    private long lapAddress;

    PlayHead(int rateHz) {
        this.rateHz = rateHz;
    }

    /** Null before anything was observed. */
    Song song() {
        return song;
    }

    int epoch() {
        return epoch;
    }

    /** Counts what the engine is to be told at once. */
    int revision() {
        return revision;
    }

    boolean playing() {
        return playing;
    }

    double ppq() {
        return ppq;
    }

    /** Frames played in this epoch. */
    long address() {
        return lapAddress + sample() - lapSample;
    }

    /** Whether a tempo or signature was seen that has not stood long enough yet. */
    boolean unsettled() {
        return newSong != null;
    }

    private long sample() {
        return song.sample(ppq);
    }

    /** Takes what the host shows now. */
    void observe(HostTransport host, long nowMs) {
        double place = Math.max(0, host.ppq());
        Song next = settled(new Song(host.bpm(), host.numerator(), host.denominator(), rateHz), nowMs);
        if (next != null) {
            Long before = song == null ? null : address();
            song = next;
            enter(place, before);
        }
        move(place, host, nowMs);
        setLoop(host);
        if (host.playing() != playing) {
            playing = host.playing();
            revision++;
        }
    }

    /** The song, where it is another one from now on; else null. */
    private Song settled(Song seen, long nowMs) {
        if (song == null) {
            return seen;
        }
        if (seen.equals(song)) {
            newSong = null;
            return null;
        }
        if (!seen.equals(newSong)) {
            newSong = seen;
            newSongMs = nowMs;
        }
        if (nowMs - newSongMs < SETTLE_MS) {
            return null;
        }
        newSong = null;
        return seen;
    }

    private void setLoop(HostTransport host) {
        Stretch next = host.looping()
                && song.seconds(host.loopEnd() - host.loopStart()) >= SHORTEST_LOOP_SECONDS
                ? new Stretch(host.loopStart(), host.loopEnd()) : null;
        if (!Objects.equals(next, loop)) {
            loop = next;
            revision++;
        }
    }

    private void move(double place, HostTransport host, long nowMs) {
        boolean runs = host.playing() || playing;
        double reach = runs ? (nowMs - movedMs + JUMP_MS) * host.bpm() / 60_000 : Song.LINE_PPQ;
        if (wraps(place, reach)) {
            wrap();
        } else if (place < ppq - Song.LINE_PPQ || place - ppq > reach) {
            enter(place, address());
        }
        if (place != ppq || !runs) {
            movedMs = nowMs;
        }
        ppq = place;
    }

    /** Whether the way from where it was leads over the loop's end, within what it may have gone. */
    private boolean wraps(double place, double reach) {
        return playing && loop != null && place < ppq && ppq < loop.end() && place >= loop.start()
                && loop.end() - ppq + place - loop.start() <= reach;
    }

    private void wrap() {
        lapAddress += song.sample(loop.end()) - lapSample;
        lapSample = song.sample(loop.start());
        lap++;
        revision++;
    }

    private void enter(double place, Long before) {
        left = before;
        epoch++;
        lap = 0;
        ppq = place;
        lapSample = sample();
        lapAddress = 0;
        revision++;
    }

    /** The next whole bars on the host's way, the one that begins right here included; fewer where a loop
     *  holds no whole bar. */
    List<BarAhead> barsAhead(int count) {
        List<BarAhead> found = new ArrayList<>();
        double at = ppq;
        long address = address();
        for (int piece = 0; piece < MOST_PIECES && found.size() < count; piece++) {
            double end = song.nextLine(at);
            boolean wraps = loop != null && at < loop.end() - Song.LINE_PPQ && end > loop.end() - Song.LINE_PPQ;
            if (wraps) {
                end = loop.end();
            }
            long next = address + song.sample(end) - song.sample(at);
            if (song.isLine(at) && song.isLine(end)) {
                found.add(new BarAhead(address, next, at));
            }
            address = next;
            at = wraps ? loop.start() : end;
        }
        return found;
    }

    /** What the engine is told. */
    Map<String, Object> message() {
        Map<String, Object> told = Message.of("transport");
        told.put("epoch", epoch);
        told.put("sample", sample());
        told.put("address", address());
        told.put("playing", playing);
        told.put("lap", lap);
        if (left != null) {
            told.put("left", left);
        }
        told.put("ppq", ppq);
        told.put("bar_start_ppq", song.bar(ppq) * song.barPpq());
        told.put("bpm", song.bpm());
        told.put("numerator", song.numerator());
        told.put("denominator", song.denominator());
        if (loop != null) {
            told.put("looping", true);
            told.put("loop_start_ppq", loop.start());
            told.put("loop_end_ppq", loop.end());
        }
        return told;
    }
}
