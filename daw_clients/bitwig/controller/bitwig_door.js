// All of Bitwig that the script touches. Everything is made in `init`, as Bitwig wants it; the rest of the
// script sees plain values and no host objects.

var TRACK_NAME = "Anacrusis";
var TRACKS = 64;
var SLOTS = 8;
var REMOTES = 8;
/** So long after the cursor shows the track, what it shows of the slots is the track's. */
var TRACK_SETTLE_MS = 1000;
var SEEK_MS = 500;

/** @constructor */
function BitwigDoor() {
    this.bridgeTransport = host.createTransport();
    this.tracks = host.createTrackBank(TRACKS, 0, 0, true);
    this.track = host.createCursorTrack("ANACRUSIS", TRACK_NAME, 0, SLOTS, false);
    this.device = this.track.createDeviceBank(1).getItemAt(0);
    this.page = this.device.createCursorRemoteControlsPage(REMOTES);
    /** @type {?number} since when the cursor is on the track */
    this.foundMs = null;
    this.soughtMs = -SEEK_MS;
    this.knobs = new BitwigSettings();
    this.watch();
}

BitwigDoor.prototype.watch = function () {
    var transport = this.bridgeTransport;
    transport.isPlaying().markInterested();
    transport.playPosition().markInterested();
    transport.tempo().value().markInterested();
    transport.timeSignature().numerator().markInterested();
    transport.timeSignature().denominator().markInterested();
    transport.isArrangerLoopEnabled().markInterested();
    transport.arrangerLoopStart().markInterested();
    transport.arrangerLoopDuration().markInterested();
    this.watchTracks();
    for (var i = 0; i < REMOTES; i++) {
        var remote = this.page.getParameter(i);
        remote.exists().markInterested();
        remote.name().markInterested();
        remote.modulatedValue().markInterested();
    }
};

BitwigDoor.prototype.watchTracks = function () {
    for (var i = 0; i < TRACKS; i++) {
        this.tracks.getItemAt(i).exists().markInterested();
        this.tracks.getItemAt(i).name().markInterested();
    }
    this.track.exists().markInterested();
    this.track.name().markInterested();
    var slots = this.track.clipLauncherSlotBank();
    for (var n = 0; n < SLOTS; n++) {
        slots.getItemAt(n).hasContent().markInterested();
        slots.getItemAt(n).name().markInterested();
    }
};

// ------------------------------------------------------------ what Bitwig shows

BitwigDoor.prototype.nowMs = function () {
    return new Date().getTime();
};

/** @returns {HostTransport} */
BitwigDoor.prototype.transport = function () {
    var transport = this.bridgeTransport;
    var start = transport.arrangerLoopStart().get();
    return {
        playing: transport.isPlaying().get(),
        ppq: transport.playPosition().get(),
        bpm: Math.round(transport.tempo().value().getRaw() * 1e6) / 1e6,
        numerator: transport.timeSignature().numerator().get(),
        denominator: transport.timeSignature().denominator().get(),
        looping: transport.isArrangerLoopEnabled().get(),
        loopStart: start,
        loopEnd: start + transport.arrangerLoopDuration().get()
    };
};

/** @returns {SettingValues} */
BitwigDoor.prototype.settings = function () {
    return this.knobs.read();
};

/** The remote controls of the track's first device, those that are mapped. */
BitwigDoor.prototype.remotes = function () {
    var seen = [];
    for (var i = 0; i < REMOTES && this.foundMs !== null; i++) {
        var remote = this.page.getParameter(i);
        if (remote.exists().get()) {
            seen.push({name: String(remote.name().get()), value: remote.modulatedValue().get()});
        }
    }
    return seen;
};

/** Whether there is a track of that name, and what its slots show can be believed. */
BitwigDoor.prototype.trackIsThere = function () {
    var nowMs = this.nowMs();
    if (!this.isOurs(this.track)) {
        this.foundMs = null;
        this.seek(nowMs);
        return false;
    }
    if (this.foundMs === null) {
        this.foundMs = nowMs;
    }
    return nowMs - this.foundMs >= TRACK_SETTLE_MS;
};

/** Puts the cursor on the first track of that name; Bitwig does it a moment later.
 * @param {number} nowMs */
BitwigDoor.prototype.seek = function (nowMs) {
    if (nowMs - this.soughtMs < SEEK_MS) {
        return;
    }
    this.soughtMs = nowMs;
    for (var i = 0; i < TRACKS; i++) {
        if (this.isOurs(this.tracks.getItemAt(i))) {
            this.track.selectChannel(this.tracks.getItemAt(i));
            return;
        }
    }
};

/** @param {API.Channel} track */
BitwigDoor.prototype.isOurs = function (track) {
    return track.exists().get() && String(track.name().get()).trim() === TRACK_NAME;
};

BitwigDoor.prototype.slotCount = function () {
    return SLOTS;
};

/** @param {number} i */
BitwigDoor.prototype.slotHasContent = function (i) {
    return this.slot(i).hasContent().get();
};

/** @param {number} i */
BitwigDoor.prototype.slotName = function (i) {
    return String(this.slot(i).name().get());
};

// ------------------------------------------------------------ what Bitwig is asked

/**
 * @param {number} tcpPort
 * @param {function(any): void} opened
 */
BitwigDoor.prototype.connect = function (tcpPort, opened) {
    host.connectToRemoteHost("127.0.0.1", tcpPort, opened);
};

/** @param {number} i */
BitwigDoor.prototype.emptySlot = function (i) {
    this.slot(i).deleteObject();
};

/**
 * @param {number} i
 * @param {string} path
 */
BitwigDoor.prototype.fillSlot = function (i, path) {
    this.slot(i).replaceInsertionPoint().insertFile(path);
};

/** Bitwig itself waits for the bar line.
 * @param {number} i */
BitwigDoor.prototype.launchSlot = function (i) {
    this.slot(i).launchWithOptions("1", "play_with_quantization");
};

/** @param {string} words */
BitwigDoor.prototype.status = function (words) {
    this.knobs.status(words);
};

/** @param {string} words */
BitwigDoor.prototype.popup = function (words) {
    host.showPopupNotification(words);
};

/** @param {number} i */
BitwigDoor.prototype.slot = function (i) {
    return this.track.clipLauncherSlotBank().getItemAt(i);
};
