// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller.api;

public interface BeatTimeValue extends DoubleValue {
}
