// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller.api;

public interface ControllerHost extends com.bitwig.extension.api.Host {
    Transport createTransport();

    TrackBank createTrackBank(int numTracks, int numSends, int numScenes, boolean hasFlatTrackList);

    CursorTrack createCursorTrack(String id, String name, int numSends, int numScenes,
            boolean shouldFollowSelection);

    DocumentState getDocumentState();

    Preferences getPreferences();

    void showPopupNotification(String text);

    void scheduleTask(Runnable task, long delay);
}
