// Where the host is, as the bridge counts it: epochs, addresses, laps. Plain ES5, no host objects.
//
// Bitwig tells its position some tens of times a second, and says nothing of a locate or of a loop's
// wrap: both are read off the positions.

/** A tempo or signature counts once it has stood for so long: each one starts the song anew. */
var SETTLE_MS = 300;
/** A position may run ahead of the clock by so much before it is taken for a locate. */
var JUMP_MS = 300;
/** The engine takes no shorter loop. */
var SHORTEST_LOOP_SECONDS = 0.1;
var MOST_PIECES = 256;

/** @typedef {{playing: boolean, ppq: number, bpm: number, numerator: number, denominator: number,
 *   looping: boolean, loopStart: number, loopEnd: number}} HostTransport */
/** @typedef {{start: number, end: number}} Stretch in quarter notes */
/** @typedef {{address: number, end: number, ppq: number}} BarAhead a whole bar on the host's way */

/**
 * @constructor
 * @param {number} rateHz the session's
 */
function PlayHead(rateHz) {
    this.rateHz = rateHz;
    this.epoch = 0;
    this.lap = 0;
    this.playing = false;
    this.ppq = 0;
    /** Counts what the engine is to be told at once. */
    this.revision = 0;
    /** @type {?number} */
    this.left = null;
    /** @type {?Stretch} */
    this.loop = null;
    /** @type {?Song} */
    this.song = null;
    /** @type {?Song} */
    this.newSong = null;
    this.newSongMs = 0;
    this.movedMs = 0;
    this.lapSample = 0;
    this.lapAddress = 0;
}

/** Frames played in this epoch. */
PlayHead.prototype.address = function () {
    return this.lapAddress + this.sample() - this.lapSample;
};

/** The song's sample. */
PlayHead.prototype.sample = function () {
    return this.song === null ? 0 : this.song.sample(this.ppq);
};

/** Whether a tempo or signature was seen that has not stood long enough yet. */
PlayHead.prototype.unsettled = function () {
    return this.newSong !== null;
};

/**
 * Takes what the host shows now.
 * @param {HostTransport} host
 * @param {number} nowMs
 */
PlayHead.prototype.observe = function (host, nowMs) {
    var ppq = Math.max(0, host.ppq);
    var song = this.settled(new Song(host.bpm, host.numerator, host.denominator, this.rateHz), nowMs);
    if (song !== null) {
        var left = this.song === null ? null : this.address();
        this.song = song;
        this.enter(ppq, left);
    }
    this.move(ppq, host, nowMs);
    this.setLoop(host);
    if (host.playing !== this.playing) {
        this.playing = host.playing;
        this.revision++;
    }
};

/**
 * The song, where it is another one from now on; else null.
 * @param {Song} seen
 * @param {number} nowMs
 */
PlayHead.prototype.settled = function (seen, nowMs) {
    if (this.song === null) {
        return seen;
    }
    if (seen.equals(this.song)) {
        this.newSong = null;
        return null;
    }
    if (this.newSong === null || !seen.equals(this.newSong)) {
        this.newSong = seen;
        this.newSongMs = nowMs;
    }
    if (nowMs - this.newSongMs < SETTLE_MS) {
        return null;
    }
    this.newSong = null;
    return seen;
};

/** @param {HostTransport} host */
PlayHead.prototype.setLoop = function (host) {
    var song = this.song, loop = null;
    if (host.looping && song !== null &&
            song.seconds(host.loopEnd - host.loopStart) >= SHORTEST_LOOP_SECONDS) {
        loop = {start: host.loopStart, end: host.loopEnd};
    }
    var same = loop === null || this.loop === null ? loop === this.loop :
        loop.start === this.loop.start && loop.end === this.loop.end;
    if (!same) {
        this.loop = loop;
        this.revision++;
    }
};

/**
 * @param {number} ppq
 * @param {HostTransport} host
 * @param {number} nowMs
 */
PlayHead.prototype.move = function (ppq, host, nowMs) {
    var runs = host.playing || this.playing;
    var reach = runs ? (nowMs - this.movedMs + JUMP_MS) * host.bpm / 60000 : LINE_PPQ;
    if (this.wraps(ppq, reach)) {
        this.wrap();
    } else if (ppq < this.ppq - LINE_PPQ || ppq - this.ppq > reach) {
        this.enter(ppq, this.address());
    }
    if (ppq !== this.ppq || !runs) {
        this.movedMs = nowMs;
    }
    this.ppq = ppq;
};

/** Whether the way from where it was leads over the loop's end.
 * @param {number} ppq
 * @param {number} reach how far it may have gone */
PlayHead.prototype.wraps = function (ppq, reach) {
    var loop = this.loop;
    return this.playing && loop !== null && ppq < this.ppq && this.ppq < loop.end &&
        ppq >= loop.start && loop.end - this.ppq + ppq - loop.start <= reach;
};

PlayHead.prototype.wrap = function () {
    var loop = /** @type {Stretch} */ (this.loop), song = /** @type {Song} */ (this.song);
    this.lapAddress += song.sample(loop.end) - this.lapSample;
    this.lapSample = song.sample(loop.start);
    this.lap++;
    this.revision++;
};

/**
 * Begins an epoch.
 * @param {number} ppq
 * @param {?number} left the address at which the one before is left; null where there was none
 */
PlayHead.prototype.enter = function (ppq, left) {
    this.left = left;
    this.epoch++;
    this.lap = 0;
    this.ppq = ppq;
    this.lapSample = this.sample();
    this.lapAddress = 0;
    this.revision++;
};

/**
 * The next whole bars on the host's way, the one that begins right here included.
 * @param {number} count
 * @returns {BarAhead[]} fewer where a loop holds no whole bar
 */
PlayHead.prototype.barsAhead = function (count) {
    var song = /** @type {Song} */ (this.song);
    /** @type {BarAhead[]} */
    var found = [];
    var ppq = this.ppq, address = this.address();
    for (var piece = 0; piece < MOST_PIECES && found.length < count; piece++) {
        var end = song.nextLine(ppq), loop = this.loop;
        var wraps = loop !== null && ppq < loop.end - LINE_PPQ && end > loop.end - LINE_PPQ;
        if (wraps && loop !== null) {
            end = loop.end;
        }
        var next = address + song.sample(end) - song.sample(ppq);
        if (song.isLine(ppq) && song.isLine(end)) {
            found.push({address: address, end: next, ppq: ppq});
        }
        address = next;
        ppq = wraps && loop !== null ? loop.start : end;
    }
    return found;
};

/** What the engine is told.
 * @returns {Object} */
PlayHead.prototype.message = function () {
    var song = /** @type {Song} */ (this.song), loop = this.loop;
    /** @type {{[field: string]: any}} */
    var told = {
        type: "transport",
        epoch: this.epoch,
        sample: this.sample(),
        address: this.address(),
        playing: this.playing,
        lap: this.lap,
        ppq: this.ppq,
        bar_start_ppq: song.bar(this.ppq) * song.barPpq,
        bpm: song.bpm,
        numerator: song.numerator,
        denominator: song.denominator
    };
    if (this.left !== null) {
        told.left = this.left;
    }
    if (loop !== null) {
        told.looping = true;
        told.loop_start_ppq = loop.start;
        told.loop_end_ppq = loop.end;
    }
    return told;
};
