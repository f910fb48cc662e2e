// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller;

import com.bitwig.extension.controller.api.ControllerHost;

public abstract class ControllerExtension {
    protected ControllerExtension(ControllerExtensionDefinition definition, ControllerHost host) {
    }

    public abstract void init();

    public abstract void exit();

    public abstract void flush();
}
