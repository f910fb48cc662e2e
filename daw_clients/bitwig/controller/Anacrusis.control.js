// Bitwig's controller script: the bridge to a running engine (`anacrusis serve`). See docs/bitwig.md.
//
// ES5 only: which JavaScript Bitwig runs is not written down anywhere.

loadAPI(17);
host.setShouldFailOnDeprecatedUse(true);
host.defineController("Anacrusis", "Anacrusis", "0.1", "5f6e1d4c-9a0b-4c56-8a0e-3b1c7f2d9e84",
    "Anacrusis");
host.defineMidiPorts(0, 0);

load("protocol_constants.js");
load("bytes.js");
load("song.js");
load("play_head.js");
load("lane.js");
load("gateway.js");
load("refusals.js");
load("lora_names.js");
load("song_teller.js");
load("lane_teller.js");
load("slot_deck.js");
load("bridge.js");
load("bitwig_settings.js");
load("bitwig_door.js");

/** @type {?Bridge} */
var bridge = null;

/** Bitwig calls it once, when the script or the project is loaded. */
function init() {
    var made = new Bridge(new BitwigDoor());
    bridge = made;
    made.door.knobs.renderButton.addSignalObserver(function () {
        if (bridge === made) {
            made.render();
        }
    });
    host.scheduleTask(goOn, TICK_MS);
}

function goOn() {
    if (bridge !== null) {
        bridge.tick();
        host.scheduleTask(goOn, TICK_MS);
    }
}

/** Bitwig calls it when it would send MIDI; there is none. */
function flush() {
}

/** Bitwig calls it when it ends, or loads the script anew. */
function exit() {
    if (bridge !== null) {
        bridge.close();
        bridge = null;
    }
}
