// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller.api;

public interface Transport extends ObjectProxy {
    SettableBooleanValue isPlaying();

    BeatTimeValue playPosition();

    Parameter tempo();

    TimeSignatureValue timeSignature();

    SettableBooleanValue isArrangerLoopEnabled();

    SettableBeatTimeValue arrangerLoopStart();

    SettableBeatTimeValue arrangerLoopDuration();
}
