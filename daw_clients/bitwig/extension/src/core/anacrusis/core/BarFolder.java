package anacrusis.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * Where bars become WAV files of 32-bit floats: a folder of the session's own, made with its first bar.
 *
 * <p>Clips point at their files, so nothing is deleted here.
 */
final class BarFolder {
    private static final int HEADER_BYTES = 58;
    private static final int FLOAT_FORMAT = 3;

    private final Path parent;
    private final int rateHz;
    private Path folder;
    private int count;

    BarFolder(Path parent, int rateHz) {
        this.parent = parent;
        this.rateHz = rateHz;
    }

    /** The file, whole. */
    Path write(BarPieces.Piece piece) throws IOException {
        if (folder == null) {
            Files.createDirectories(parent);
            folder = Files.createTempDirectory(parent, "session-");
        }
        String name = String.format(Locale.ROOT, "bar-%05d-%06d", piece.bar(), ++count);
        Path part = folder.resolve(name + ".part");
        Files.write(part, wav(piece));
        return Files.move(part, folder.resolve(name + ".wav"), StandardCopyOption.ATOMIC_MOVE);
    }

    private byte[] wav(BarPieces.Piece piece) {
        int bytes = piece.samples().length;
        int frameBytes = 4 * piece.channels();
        ByteBuffer file = ByteBuffer.allocate(HEADER_BYTES + bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(HEADER_BYTES - 8 + bytes).put(ascii("WAVE"));
        file.put(ascii("fmt ")).putInt(18).putShort((short) FLOAT_FORMAT);
        file.putShort((short) piece.channels()).putInt(rateHz).putInt(rateHz * frameBytes);
        file.putShort((short) frameBytes).putShort((short) 32).putShort((short) 0);
        file.put(ascii("fact")).putInt(4).putInt((int) piece.frames());
        file.put(ascii("data")).putInt(bytes).put(piece.samples());
        return file.array();
    }

    private static byte[] ascii(String word) {
        return word.getBytes(StandardCharsets.US_ASCII);
    }
}
