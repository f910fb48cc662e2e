package anacrusis.core;

import java.nio.file.Path;

/** A bar as a file; {@code address} is its first frame's, {@code end} the one behind its last. */
record BarFile(long address, long end, long bar, Path path) {
}
