// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension;

import java.util.UUID;

public abstract class ExtensionDefinition {
    public abstract String getName();

    public abstract String getAuthor();

    public abstract String getVersion();

    public abstract UUID getId();

    public abstract int getRequiredAPIVersion();
}
