package anacrusis.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A remote control as a lane of the engine: what it did along the song.
 *
 * <p>An extension sees automation only as it plays. What was seen is remembered, so that the next pass over the
 * same bars is known ahead, and the engine is told only what is new.
 */
final class Lane {
    /** Of a control's range: what the host may be off the memory without being learned. */
    private static final double TOLERANCE = 0.001;
    /** Frames that a busy host may skip: the lane goes straight over them. */
    private static final long MOST_SKIPPED = 25;
    /** So long after a locate or a wrap the host may still show what was at the place before. */
    private static final long STALE_FRAMES = 5;
    private static final int MOST_VALUES = 2000;

    /** Frames from {@code start} on. */
    record Piece(long start, List<Double> values) {
    }

    private final LaneSpec spec;
    private final double tolerance;
    private final TreeMap<Long, Double> known = new TreeMap<>();
    private long revision;
    private Long passed;
    private double passedValue;
    private long entered;
    private Double stood;

    Lane(LaneSpec spec) {
        this.spec = spec;
        tolerance = TOLERANCE * (spec.maximum() - spec.minimum());
    }

    String name() {
        return spec.name();
    }

    /** The parameter's value of a control at 0 to 1. */
    double valueOf(double turn) {
        return spec.minimum() + Math.min(1, Math.max(0, turn)) * (spec.maximum() - spec.minimum());
    }

    /**
     * The host stands at a frame: a control that is turned counts from there, and everywhere where it never
     * moved in passing. What it shows at a place that the host has just come to says nothing against what is
     * remembered of it: the host may show it later. Returns what is new, or null.
     */
    Piece stand(long frame, double value) {
        Double before = stood;
        passed = null;
        stood = value;
        if (known.size() <= 1) {
            return fits(frame, value) ? null : learn(0, List.of(value));
        }
        boolean turned = before != null && Math.abs(value - before) > tolerance;
        return turned ? learn(frame, List.of(value)) : null;
    }

    /** The host passes a frame. Returns what is new, or null. */
    Piece pass(long frame, double value) {
        Long from = passed;
        double fromValue = passedValue;
        passed = frame;
        passedValue = value;
        stood = null;
        if (from == null || frame < from) {
            entered = frame;
        }
        if (known.isEmpty()) {
            return learn(0, List.of(value));
        }
        boolean stale = known.size() > 1 && frame - entered < STALE_FRAMES;
        if (stale || fits(frame, value)) {
            return null;
        }
        if (from == null || frame <= from || frame - from > MOST_SKIPPED) {
            return learn(frame, List.of(value));
        }
        List<Double> values = new ArrayList<>();
        for (long at = from + 1; at <= frame; at++) {
            values.add(fromValue + (value - fromValue) * (at - from) / (frame - from));
        }
        return learn(from + 1, values);
    }

    /** Forgets how it got here: the next frame is no neighbour of the last one. */
    void leave() {
        passed = null;
        stood = null;
    }

    /** All of it, for an engine that knows nothing. */
    List<Piece> pieces() {
        List<Piece> found = new ArrayList<>();
        for (Map.Entry<Long, Double> entry : known.entrySet()) {
            Piece last = found.isEmpty() ? null : found.get(found.size() - 1);
            if (last == null || last.values().size() >= MOST_VALUES
                    || last.start() + last.values().size() != entry.getKey()) {
                last = new Piece(entry.getKey(), new ArrayList<>());
                found.add(last);
            }
            last.values().add(entry.getValue());
        }
        return found;
    }

    /** What the engine is told: the piece, and that nothing is known beyond it. */
    Map<String, Object> message(Piece piece) {
        Map<String, Object> told = Message.of("lane");
        told.put("parameter", spec.name());
        told.put("revision", ++revision);
        told.put("anchor", "seconds");
        told.put("start", (double) piece.start() / Protocol.LANE_RATE_HZ);
        told.put("rate", (double) Protocol.LANE_RATE_HZ);
        told.put("count", piece.values().size());
        told.put("values", piece.values());
        told.put("onwards", true);
        return told;
    }

    /** Whether a value is what is remembered within a frame of here: hosts are not seen on the frame. */
    private boolean fits(long frame, double value) {
        if (known.isEmpty()) {
            return false;
        }
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (long at = frame - 1; at <= frame + 1; at++) {
            Map.Entry<Long, Double> held = known.floorEntry(at);
            double there = (held == null ? known.firstEntry() : held).getValue();
            low = Math.min(low, there);
            high = Math.max(high, there);
        }
        return value >= low - tolerance && value <= high + tolerance;
    }

    private Piece learn(long start, List<Double> values) {
        known.tailMap(start, true).clear();
        for (int i = 0; i < values.size(); i++) {
            known.put(start + i, values.get(i));
        }
        return new Piece(start, values);
    }
}
