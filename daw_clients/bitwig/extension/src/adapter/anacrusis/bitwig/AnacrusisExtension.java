package anacrusis.bitwig;

import anacrusis.core.Bridge;
import com.bitwig.extension.controller.ControllerExtension;
import com.bitwig.extension.controller.ControllerExtensionDefinition;
import com.bitwig.extension.controller.api.ControllerHost;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/** One life of the extension, on Bitwig's own thread. */
final class AnacrusisExtension extends ControllerExtension {
    private final ControllerHost host;
    private final LongSupplier nowMs;
    private final Path folder;
    private Bridge bridge;

    AnacrusisExtension(ControllerExtensionDefinition definition, ControllerHost host, LongSupplier nowMs,
            Path folder) {
        super(definition, host);
        this.host = host;
        this.nowMs = nowMs;
        this.folder = folder;
    }

    @Override
    public void init() {
        bridge = new Bridge(new BitwigHost(host, nowMs), folder);
        host.scheduleTask(this::goOn, Bridge.TICK_MS);
    }

    @Override
    public void exit() {
        bridge.close();
        bridge = null;
    }

    @Override
    public void flush() {
        // there is no MIDI to send
    }

    private void goOn() {
        if (bridge != null) {
            bridge.tick();
            host.scheduleTask(this::goOn, Bridge.TICK_MS);
        }
    }
}
