package anacrusis.core;

import java.nio.file.Path;
import java.util.List;

/** All that the bridge sees of its host. Every call comes from the host's own thread, in {@link Bridge#tick}. */
public interface HostPort {

    /** What the host plays. Positions in quarter notes; {@code bpm} counts quarter notes a minute. */
    record HostTransport(boolean playing, double ppq, double bpm, int numerator, int denominator,
            boolean looping, double loopStart, double loopEnd) {
    }

    /**
     * What the user set; {@code loras} are names between commas, {@code source} is the name of a source that
     * the engine has, or empty.
     */
    record HostSettings(String prompt, long seed, String loras, String source, int repeatBars, boolean follow,
            int port, int barsAhead) {
    }

    /** A remote control at 0 to 1. */
    record Remote(String name, double value) {
    }

    /** The host's clock; it never goes back. */
    long nowMs();

    HostTransport transport();

    HostSettings settings();

    /** The remote controls that are mapped. */
    List<Remote> remotes();

    /** Whether the track is there that bars go to, and what its slots show can be believed. */
    boolean trackIsThere();

    int slotCount();

    boolean slotHasContent(int slot);

    /** The clip's name; empty where there is none. */
    String slotName(int slot);

    /** Takes the clip out of a slot, a moment later. */
    void emptySlot(int slot);

    /** Puts a file into a slot, a moment later, or does nothing. */
    void fillSlot(int slot, Path file);

    /** Plays a slot from the next bar line on. */
    void launchSlot(int slot);

    /** The line that stands in the settings. */
    void status(String words);

    /** A notification. */
    void popup(String words);
}
