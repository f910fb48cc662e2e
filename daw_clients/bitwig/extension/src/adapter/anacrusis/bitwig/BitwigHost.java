package anacrusis.bitwig;

import anacrusis.core.Bridge;
import anacrusis.core.HostPort;
import com.bitwig.extension.controller.api.Channel;
import com.bitwig.extension.controller.api.ClipLauncherSlot;
import com.bitwig.extension.controller.api.ControllerHost;
import com.bitwig.extension.controller.api.CursorTrack;
import com.bitwig.extension.controller.api.CursorRemoteControlsPage;
import com.bitwig.extension.controller.api.RemoteControl;
import com.bitwig.extension.controller.api.TrackBank;
import com.bitwig.extension.controller.api.Transport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** The bridge's host on Bitwig's API. Made in {@code init}, as Bitwig wants it; one thread, Bitwig's. */
final class BitwigHost implements HostPort {
    private static final int TRACKS = 64;
    private static final int SLOTS = 8;
    private static final int REMOTES = 8;
    /** So long after the cursor shows the track, what it shows of the slots is the track's. */
    private static final long TRACK_SETTLE_MS = 1000;
    private static final long SEEK_MS = 500;

    private final ControllerHost host;
    private final LongSupplier clockMs;
    private final Transport transport;
    private final TrackBank tracks;
    private final CursorTrack track;
    private final CursorRemoteControlsPage page;
    private final BitwigSettings settings;
    private Long foundMs;
    private long soughtMs = -SEEK_MS;

    BitwigHost(ControllerHost host, LongSupplier clockMs) {
        this.host = host;
        this.clockMs = clockMs;
        transport = host.createTransport();
        tracks = host.createTrackBank(TRACKS, 0, 0, true);
        track = host.createCursorTrack("ANACRUSIS_ZEROMQ", Bridge.TRACK_NAME, 0, SLOTS, false);
        page = track.createDeviceBank(1).getItemAt(0).createCursorRemoteControlsPage(REMOTES);
        settings = new BitwigSettings(host);
        watchTransport();
        watchTracks();
        for (int i = 0; i < REMOTES; i++) {
            RemoteControl remote = page.getParameter(i);
            remote.exists().markInterested();
            remote.name().markInterested();
            remote.modulatedValue().markInterested();
        }
    }

    private void watchTransport() {
        transport.isPlaying().markInterested();
        transport.playPosition().markInterested();
        transport.tempo().value().markInterested();
        transport.timeSignature().numerator().markInterested();
        transport.timeSignature().denominator().markInterested();
        transport.isArrangerLoopEnabled().markInterested();
        transport.arrangerLoopStart().markInterested();
        transport.arrangerLoopDuration().markInterested();
    }

    private void watchTracks() {
        for (int i = 0; i < TRACKS; i++) {
            tracks.getItemAt(i).exists().markInterested();
            tracks.getItemAt(i).name().markInterested();
        }
        track.exists().markInterested();
        track.name().markInterested();
        for (int i = 0; i < SLOTS; i++) {
            slot(i).hasContent().markInterested();
            slot(i).name().markInterested();
        }
    }

    @Override
    public long nowMs() {
        return clockMs.getAsLong();
    }

    @Override
    public HostTransport transport() {
        double start = transport.arrangerLoopStart().get();
        return new HostTransport(
                transport.isPlaying().get(),
                transport.playPosition().get(),
                Math.rint(transport.tempo().value().getRaw() * 1e6) / 1e6,
                transport.timeSignature().numerator().get(),
                transport.timeSignature().denominator().get(),
                transport.isArrangerLoopEnabled().get(),
                start,
                start + transport.arrangerLoopDuration().get());
    }

    @Override
    public HostSettings settings() {
        return settings.read();
    }

    @Override
    public List<Remote> remotes() {
        List<Remote> seen = new ArrayList<>();
        for (int i = 0; i < REMOTES && foundMs != null; i++) {
            RemoteControl remote = page.getParameter(i);
            if (remote.exists().get()) {
                seen.add(new Remote(remote.name().get(), remote.modulatedValue().get()));
            }
        }
        return seen;
    }

    @Override
    public boolean trackIsThere() {
        long nowMs = nowMs();
        if (!isOurs(track)) {
            foundMs = null;
            seek(nowMs);
            return false;
        }
        if (foundMs == null) {
            foundMs = nowMs;
        }
        return nowMs - foundMs >= TRACK_SETTLE_MS;
    }

    /** Puts the cursor on the first track of that name; Bitwig does it a moment later. */
    private void seek(long nowMs) {
        if (nowMs - soughtMs < SEEK_MS) {
            return;
        }
        soughtMs = nowMs;
        for (int i = 0; i < TRACKS; i++) {
            if (isOurs(tracks.getItemAt(i))) {
                track.selectChannel(tracks.getItemAt(i));
                return;
            }
        }
    }

    private static boolean isOurs(Channel channel) {
        return channel.exists().get() && channel.name().get().trim().equals(Bridge.TRACK_NAME);
    }

    @Override
    public int slotCount() {
        return SLOTS;
    }

    @Override
    public boolean slotHasContent(int slot) {
        return slot(slot).hasContent().get();
    }

    @Override
    public String slotName(int slot) {
        return slot(slot).name().get();
    }

    @Override
    public void emptySlot(int slot) {
        slot(slot).deleteObject();
    }

    @Override
    public void fillSlot(int slot, Path file) {
        slot(slot).replaceInsertionPoint().insertFile(file.toString());
    }

    @Override
    public void launchSlot(int slot) {
        slot(slot).launchWithOptions("1", "play_with_quantization");
    }

    @Override
    public void status(String words) {
        settings.status(words);
    }

    @Override
    public void popup(String words) {
        host.showPopupNotification(words);
    }

    private ClipLauncherSlot slot(int slot) {
        return track.clipLauncherSlotBank().getItemAt(slot);
    }
}
