// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller.api;

public interface ChannelBank<ChannelType extends Channel> extends Bank<ChannelType> {
}
