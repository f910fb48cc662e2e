package anacrusis.core;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Bars in launcher slots: emptied, filled, looked at, launched.
 *
 * <p>Bitwig takes a file or does nothing, and says neither: whether there is a clip is looked at.
 */
final class SlotDeck {
    /** A clip that is not there by then did not come. */
    private static final long FILL_MS = 2000;
    private static final int MOST_TRIES = 2;
    /** Nearer to its line than this a bar is not launched: the line may be gone when the host hears of it. */
    private static final long LAUNCH_MARGIN_MS = 60;
    /** The clip of a file is called as the file is; such clips are the extension's own. */
    private static final Pattern OWN_CLIP = Pattern.compile("^bar-\\d{5}-\\d{6}.*");

    private enum Use { FREE, EMPTYING, FILLING, READY }

    private static final class Slot {
        private Use use = Use.FREE;
        private BarFile file;
        private int run;
        private long sinceMs;
        private int tries;
        private boolean launched;
    }

    private final HostPort host;
    private final List<Slot> slots = new ArrayList<>();
    private final List<BarFile> waiting = new ArrayList<>();
    private int run;
    private int last = -1;
    private Slot sounding;
    private Slot queued;
    private String fault = "";
    private long missedAddress = -1;
    private int missed;

    SlotDeck(HostPort host) {
        this.host = host;
        for (int i = 0; i < host.slotCount(); i++) {
            slots.add(new Slot());
        }
    }

    /** What went wrong last. */
    String fault() {
        return fault;
    }

    int missed() {
        return missed;
    }

    /** How many bars of this run lie in slots. */
    int readyCount() {
        return (int) slots.stream().filter(slot -> slot.use == Use.READY && slot.run == run).count();
    }

    /** Another run: the bars of the one before are not launched any more, and their slots are free. */
    void begin() {
        run++;
        waiting.clear();
        missedAddress = -1;
        fault = "";
        if (queued != null) {
            sounding = queued;  // the host plays it at the next line, whatever comes after
        }
    }

    /** Another track: nothing of what was known holds. */
    void forget() {
        queued = null;
        sounding = null;
        begin();
        last = -1;
        slots.forEach(SlotDeck::free);
    }

    void take(BarFile file) {
        waiting.add(file);
        waiting.sort(Comparator.comparingLong(BarFile::address));
    }

    /** Goes on with what is due; {@code address}: where the host is. */
    void tick(long nowMs, long address) {
        for (int i = 0; i < slots.size(); i++) {
            goOn(i, nowMs);
        }
        hear(address);
        waiting.removeIf(file -> file.end() <= address || place(file, nowMs, address));
    }

    /** Launches the bar of the next line, if it is there; the host waits for the line. */
    void launchAt(PlayHead.BarAhead line, double leftMs, int bar) {
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            if (!holds(slot, line.address())) {
                continue;
            }
            if (slot.launched) {
                return;
            }
            if (slot.use == Use.READY && leftMs >= LAUNCH_MARGIN_MS) {
                host.launchSlot(i);
                slot.launched = true;
                queued = slot;
                fault = "";
                return;
            }
        }
        if (leftMs < LAUNCH_MARGIN_MS && line.address() != missedAddress) {
            missedAddress = line.address();
            missed++;
            fault = "bar " + bar + " came too late";
        }
    }

    private boolean holds(Slot slot, long address) {
        return slot.run == run && slot.file != null && slot.file.address() == address;
    }

    private void goOn(int i, long nowMs) {
        Slot slot = slots.get(i);
        boolean there = host.slotHasContent(i);
        boolean busy = slot.use == Use.EMPTYING || slot.use == Use.FILLING;
        if (slot.use == Use.EMPTYING && !there) {
            fill(i, nowMs);
        } else if (slot.use == Use.FILLING && there) {
            slot.use = Use.READY;
        } else if (busy && nowMs - slot.sinceMs > FILL_MS) {
            tryAgain(i, nowMs);
        } else if (slot.use == Use.READY && !there) {
            free(slot);  // the user took it away
        }
    }

    private void tryAgain(int i, long nowMs) {
        Slot slot = slots.get(i);
        if (slot.use == Use.FILLING && slot.tries < MOST_TRIES) {
            fill(i, nowMs);
            return;
        }
        fault = slot.use == Use.EMPTYING ? "slot " + (i + 1) + " could not be emptied"
                : "Bitwig did not take bar " + slot.file.bar() + ": is it an audio track?";
        free(slot);
    }

    /** The slot that is heard: the last one that was launched and whose line is reached. */
    private void hear(long address) {
        for (Slot slot : slots) {
            if (slot.launched && slot.file != null && slot.run == run && slot.file.address() <= address
                    && address < slot.file.end()) {
                sounding = slot;
            }
        }
    }

    /** Finds a slot for a file and begins to fill it; false where it has to wait. */
    private boolean place(BarFile file, long nowMs, long address) {
        for (Slot slot : slots) {
            if (holds(slot, file.address())) {
                if (slot.launched) {
                    return true;  // it is too late for another take of that bar
                }
                if (slot.use != Use.READY) {
                    return false;  // the take before it is on its way
                }
                put(slots.indexOf(slot), file, nowMs);
                return true;
            }
        }
        for (int n = 1; n <= slots.size(); n++) {
            int i = Math.floorMod(last + n, slots.size());
            if (usable(i, address)) {
                put(i, file, nowMs);
                return true;
            }
        }
        return false;
    }

    /** Whether nothing is lost with what is in a slot. */
    private boolean usable(int i, long address) {
        Slot slot = slots.get(i);
        if (slot == sounding || slot.use == Use.EMPTYING || slot.use == Use.FILLING) {
            return false;
        }
        if (slot.file == null) {
            return !host.slotHasContent(i) || OWN_CLIP.matcher(host.slotName(i)).matches();
        }
        return slot.run != run || slot.file.end() <= address;
    }

    private void put(int i, BarFile file, long nowMs) {
        Slot slot = slots.get(i);
        last = i;
        slot.use = Use.EMPTYING;
        slot.file = file;
        slot.run = run;
        slot.sinceMs = nowMs;
        slot.tries = 0;
        slot.launched = false;
        if (host.slotHasContent(i)) {
            host.emptySlot(i);
        } else {
            fill(i, nowMs);
        }
    }

    private void fill(int i, long nowMs) {
        Slot slot = slots.get(i);
        slot.use = Use.FILLING;
        slot.sinceMs = nowMs;
        slot.tries++;
        host.fillSlot(i, slot.file.path());
    }

    private static void free(Slot slot) {
        slot.use = Use.FREE;
        slot.file = null;
    }
}
