// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller;

import com.bitwig.extension.ExtensionDefinition;
import com.bitwig.extension.api.PlatformType;
import com.bitwig.extension.controller.api.ControllerHost;

public abstract class ControllerExtensionDefinition extends ExtensionDefinition {
    public abstract String getHardwareVendor();

    public abstract String getHardwareModel();

    public abstract int getNumMidiInPorts();

    public abstract int getNumMidiOutPorts();

    public abstract void listAutoDetectionMidiPortNames(AutoDetectionMidiPortNamesList list,
            PlatformType platformType);

    public abstract ControllerExtension createInstance(ControllerHost host);
}
