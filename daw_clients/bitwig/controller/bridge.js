// The script itself: what Bitwig shows is told to the engine, bars come back into slots. Plain ES5; all of
// Bitwig is behind `door` (see bitwig_door.js).

var SAMPLE_RATE_HZ = 48000;
/** How many frames may pass between two looks at the host. */
var HOST_BLOCK = 4096;
var TICK_MS = 40;
var REPORT_MS = 100;
var TRACK_PATIENCE_MS = 3000;
var NO_TRACK = "name an audio track Anacrusis";
var STREAM = 1;
var RENDER_STREAM = 2;
var WINDOW_BARS = 4;
/** One is heard, one may be emptied; the others hold what comes. */
var SPARE_SLOTS = 2;

/** @typedef {{prompt: string, seed: number, loras: string, source: string, repeatBars: number,
 *   follow: boolean, token: string, tcpPort: number, barsAhead: number}} SettingValues */

/**
 * @constructor
 * @param {any} door
 */
function Bridge(door) {
    this.door = door;
    this.head = new PlayHead(SAMPLE_RATE_HZ);
    this.deck = new SlotDeck(door);
    this.gateway = new Gateway(door, this);
    this.refusals = new Refusals();
    this.song = new SongTeller(this.gateway, this.refusals);
    this.lanes = new LaneTeller(this.gateway, this.refusals);
    this.model = "";
    this.closed = false;
    this.track = false;
    /** @type {?number} */
    this.trackSeenMs = null;
    this.noTrack = false;
    /** @type {"off" | "opening" | "on" | "refused"} */
    this.stream = "off";
    this.rendering = false;
    this.epoch = 0;
    this.granted = -1;
    this.toldRevision = -1;
    this.toldMs = 0;
    this.shown = "";
    this.popped = "";
}

/** One look at the host; every TICK_MS. */
Bridge.prototype.tick = function () {
    if (this.closed) {
        return;
    }
    var door = this.door, nowMs = door.nowMs(), settings = door.settings();
    this.head.observe(door.transport(), nowMs);
    this.gateway.use(settings.tcpPort, settings.token);
    this.gateway.tick(nowMs);
    this.lookAtTrack(nowMs);
    this.enterEpoch();
    this.lanes.follow(door.remotes(), this.head);
    if (this.gateway.state === "ready") {
        this.tell(settings, nowMs);
    }
    if (this.track) {
        this.deck.tick(nowMs, this.stream === "on" ? this.head.address() : null);
        this.launch();
    }
    this.show(settings);
};

/** The end. The bars that are there stay. */
Bridge.prototype.close = function () {
    this.closed = true;
    this.gateway.close();
};

/** Puts the arranger's loop into slots. */
Bridge.prototype.render = function () {
    var loop = this.head.loop, song = this.head.song;
    if (this.gateway.state !== "ready" || song === null) {
        this.door.popup("Anacrusis: " + (this.gateway.words || "not connected"));
    } else if (this.door.settings().follow) {
        this.door.popup("Anacrusis: switch Follow off to render");
    } else if (loop === null || !song.isLine(loop.start) || !song.isLine(loop.end)) {
        this.door.popup("Anacrusis: set the arranger's loop on bar lines, and switch it on");
    } else {
        this.renderBars(song.bar(loop.start) + 1, song.bar(loop.end));
    }
};

// ------------------------------------------------------------ what the gateway tells

/** @param {any} welcome */
Bridge.prototype.onReady = function (welcome) {
    this.model = String(welcome.model.name);
    this.stream = "off";
    this.rendering = false;
    this.toldRevision = -1;
    this.refusals.clear();
    this.song.forget();
    this.door.popup("Anacrusis: connected to " + this.model);
    this.lanes.tellAll();
};

Bridge.prototype.onGone = function () {
    this.stream = "off";
    this.rendering = false;
};

/** @param {any} message */
Bridge.prototype.onMessage = function (message) {
    if (message.type === "audio_file") {
        var live = message.stream === STREAM && message.epoch === this.epoch;
        if (message.stream === RENDER_STREAM ? this.rendering : live && this.stream === "on") {
            this.deck.take({address: message.address, end: message.address + message.frames,
                bar: message.bar, path: String(message.path)});
        }
    } else if (message.type === "error" || message.type === "notice") {
        this.refusals.set("notice", String(message.message));
    }
};

// ------------------------------------------------------------ what the engine is told

/**
 * @param {SettingValues} settings
 * @param {number} nowMs
 */
Bridge.prototype.tell = function (settings, nowMs) {
    this.tellTransport(nowMs);
    this.song.quantised = this.stream === "on";
    this.song.tell(settings);
    if (settings.follow && this.stream === "off") {
        this.openStream();
    } else if (!settings.follow && this.stream === "on") {
        this.stream = "off";
        this.gateway.ask({type: "close_stream", stream: STREAM});
    } else if (!settings.follow && this.stream === "refused") {
        this.stream = "off";
    }
    if (this.stream === "on") {
        this.grant(settings.barsAhead);
    }
};

/** @param {number} nowMs */
Bridge.prototype.tellTransport = function (nowMs) {
    var head = this.head;
    if (head.revision === this.toldRevision && nowMs - this.toldMs < REPORT_MS) {
        return;
    }
    this.toldRevision = head.revision;
    this.toldMs = nowMs;
    this.gateway.send(head.message());
};

Bridge.prototype.openStream = function () {
    var self = this;
    this.stream = "opening";
    this.granted = -1;
    this.rendering = false;
    this.deck.begin();
    this.gateway.ask({type: "open_stream", stream: STREAM, window_bars: WINDOW_BARS},
        function (reply) {
            self.stream = self.refusals.hear("stream", reply) ? "on" : "refused";
        });
};

/** Lets the engine send the bar that plays and the whole bars after it.
 * @param {number} barsAhead */
Bridge.prototype.grant = function (barsAhead) {
    var room = Math.max(1, Math.min(barsAhead, this.door.slotCount() - SPARE_SLOTS));
    var bars = this.head.barsAhead(room);
    if (bars.length === 0) {
        return;
    }
    var end = bars[bars.length - 1].end;
    if (end > this.granted) {
        this.granted = end;
        this.gateway.send({type: "credit", stream: STREAM, epoch: this.head.epoch, frames: end});
    }
};

/**
 * @param {number} first
 * @param {number} last
 */
Bridge.prototype.renderBars = function (first, last) {
    var self = this, most = this.door.slotCount();
    if (last - first + 1 > most) {
        last = first + most - 1;
        this.door.popup("Anacrusis: there are " + most + " slots; bars " + first + " to " + last);
    }
    if (this.rendering) {
        this.gateway.ask({type: "cancel", stream: RENDER_STREAM});
    }
    this.rendering = true;
    this.deck.begin();
    this.tellTransport(Infinity);
    this.gateway.ask({type: "render", stream: RENDER_STREAM, first_bar: first, last_bar: last,
        window_bars: WINDOW_BARS}, function (reply) {
        if (!self.refusals.hear("render", reply)) {
            self.rendering = false;
            return;
        }
        self.gateway.send({type: "credit", stream: RENDER_STREAM, epoch: 0, frames: reply.sample});
    });
};

// ------------------------------------------------------------ slots

/** @param {number} nowMs */
Bridge.prototype.lookAtTrack = function (nowMs) {
    var there = this.door.trackIsThere();
    if (there || this.trackSeenMs === null) {
        this.trackSeenMs = nowMs;
    }
    this.noTrack = nowMs - this.trackSeenMs > TRACK_PATIENCE_MS;
    if (this.track && !there) {
        this.deck.forget();
    }
    this.track = there;
};

/** A new epoch is another run of bars. */
Bridge.prototype.enterEpoch = function () {
    if (this.epoch === this.head.epoch) {
        return;
    }
    this.epoch = this.head.epoch;
    this.granted = -1;
    this.lanes.leave();
    if (this.stream === "on") {
        this.deck.begin();
    }
};

Bridge.prototype.launch = function () {
    var head = this.head;
    if (this.stream !== "on" || !head.playing) {
        return;
    }
    var bars = head.barsAhead(1), song = /** @type {Song} */ (head.song);
    if (bars.length > 0 && bars[0].address > head.address()) {
        var leftMs = 1000 * (bars[0].address - head.address()) / SAMPLE_RATE_HZ;
        this.deck.launchAt(bars[0].address, leftMs, song.bar(bars[0].ppq) + 1);
    }
};

// ------------------------------------------------------------ what the user reads

/** @param {SettingValues} settings */
Bridge.prototype.show = function (settings) {
    var words = this.words(settings);
    if (words !== this.shown) {
        this.shown = words;
        this.door.status(words);
    }
    var alarm = this.alarm();
    if (alarm !== this.popped) {
        this.popped = alarm;
        if (alarm !== "") {
            this.door.popup("Anacrusis: " + alarm);
        }
    }
};

/** What is told in a notification, once: where the user has to do something. */
Bridge.prototype.alarm = function () {
    if (this.gateway.state !== "ready") {
        return this.gateway.words;
    }
    return this.noTrack ? NO_TRACK : this.refusals.first() || this.deck.fault;
};

/** @param {SettingValues} settings */
Bridge.prototype.words = function (settings) {
    if (this.gateway.state !== "ready") {
        return this.gateway.words || "looking for the engine";
    }
    var parts = [this.model];
    if (this.noTrack) {
        parts.push(NO_TRACK);
    }
    if (this.head.unsettled()) {
        parts.push("the tempo moves");
    }
    parts.push(this.rendering ? "rendered: " + this.deck.readyCount() + " bars" :
        !settings.follow ? "Follow is off" :
        this.head.playing ? "playing" : "ready: " + this.deck.readyCount() + " bars");
    if (this.deck.missed > 0) {
        parts.push(this.deck.missed + " bars late");
    }
    var fault = this.refusals.first() || this.deck.fault;
    if (fault !== "") {
        parts.push(fault);
    }
    return parts.join("; ");
};
