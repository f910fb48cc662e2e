package anacrusis.bitwig;

import com.bitwig.extension.api.PlatformType;
import com.bitwig.extension.controller.AutoDetectionMidiPortNamesList;
import com.bitwig.extension.controller.ControllerExtension;
import com.bitwig.extension.controller.ControllerExtensionDefinition;
import com.bitwig.extension.controller.api.ControllerHost;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.LongSupplier;

/** What Bitwig lists; it is found by META-INF/services. */
public final class AnacrusisExtensionDefinition extends ControllerExtensionDefinition {
    private static final UUID ID = UUID.fromString("0d2f3c4e-54f6-4a8e-9b1e-6d0c2a7b5f13");

    private final LongSupplier nowMs;
    private final Path folder;

    /** As Bitwig makes it. */
    public AnacrusisExtensionDefinition() {
        this(() -> System.nanoTime() / 1_000_000, Path.of(System.getProperty("user.home"), ".anacrusis", "bitwig"));
    }

    /** With another clock, and another folder for the folders of sessions. */
    public AnacrusisExtensionDefinition(LongSupplier nowMs, Path folder) {
        this.nowMs = nowMs;
        this.folder = folder;
    }

    @Override
    public String getName() {
        return "Anacrusis (ZeroMQ)";
    }

    @Override
    public String getAuthor() {
        return "Anacrusis";
    }

    @Override
    public String getVersion() {
        return "0.1";
    }

    @Override
    public UUID getId() {
        return ID;
    }

    @Override
    public int getRequiredAPIVersion() {
        return 17;
    }

    @Override
    public String getHardwareVendor() {
        return "Anacrusis";
    }

    @Override
    public String getHardwareModel() {
        return "Anacrusis (ZeroMQ)";
    }

    @Override
    public int getNumMidiInPorts() {
        return 0;
    }

    @Override
    public int getNumMidiOutPorts() {
        return 0;
    }

    @Override
    public void listAutoDetectionMidiPortNames(AutoDetectionMidiPortNamesList list, PlatformType platformType) {
    }

    @Override
    public ControllerExtension createInstance(ControllerHost host) {
        return new AnacrusisExtension(this, host, nowMs, folder);
    }
}
