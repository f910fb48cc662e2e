package anacrusis.core;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The blocks of one stream, put together bar by bar. */
final class BarPieces {

    /** A whole bar: interleaved little-endian float32 samples. */
    record Piece(long epoch, long address, long bar, int channels, byte[] samples) {
        long frames() {
            return samples.length / (4L * channels);
        }
    }

    private final ByteArrayOutputStream samples = new ByteArrayOutputStream();
    private long epoch;
    private long lap;
    private long address;
    private long sample;
    private long bar;
    private int channels;
    private boolean growing;

    /** Takes a block (f32) and returns the bars that it makes whole. A block that goes back to an earlier
     *  address begins anew there: what it replaces is cut off. */
    List<Piece> take(Map<String, Object> block, byte[] payload) {
        List<Piece> done = new ArrayList<>();
        channels = (int) Message.number(block, "channels");
        goOn(block);
        int start = 0;
        for (Object mark : block.get("bars") instanceof List<?> marks ? marks : List.of()) {
            List<?> pair = (List<?>) mark;
            int offset = ((Number) pair.get(1)).intValue() * 4 * channels;
            grow(payload, start, offset);
            finish(done);
            begin(block, ((Number) pair.get(0)).longValue(), ((Number) pair.get(1)).longValue());
            start = offset;
        }
        grow(payload, start, payload.length);
        if (Boolean.TRUE.equals(block.get("ends_bar"))) {
            finish(done);
        }
        return done;
    }

    private void goOn(Map<String, Object> block) {
        long into = Message.number(block, "address") - address;
        long frames = samples.size() / (4L * channels);
        boolean same = Message.number(block, "epoch") == epoch && Message.number(block, "lap") == lap
                && Message.number(block, "sample") - sample == into;
        growing = growing && same && into >= 0 && into <= frames;
        if (growing && into < frames) {
            byte[] kept = samples.toByteArray();
            samples.reset();
            samples.write(kept, 0, (int) (into * 4 * channels));
        }
    }

    private void begin(Map<String, Object> block, long number, long offset) {
        growing = true;
        samples.reset();
        bar = number;
        epoch = Message.number(block, "epoch");
        lap = Message.number(block, "lap");
        address = Message.number(block, "address") + offset;
        sample = Message.number(block, "sample") + offset;
    }

    private void grow(byte[] payload, int start, int end) {
        if (growing && end > start) {
            samples.write(payload, start, end - start);
        }
    }

    private void finish(List<Piece> done) {
        if (growing && samples.size() > 0) {
            done.add(new Piece(epoch, address, bar, channels, samples.toByteArray()));
        }
        growing = false;
    }
}
