// A remote control as a lane of the engine: what it did along the song. Plain ES5, no host objects.
//
// A script sees automation only as it plays. What was seen is remembered, so that the next pass over
// the same bars is known ahead, and the engine is told only what is new.

/** Of a control's range: what the host may be off the memory without being learned. */
var LANE_TOLERANCE = 0.001;
/** Frames that a busy host may skip: the lane goes straight over them. */
var MOST_SKIPPED = 25;
/** So long after a locate or a wrap the host may still show what was at the place before. */
var STALE_FRAMES = 5;
var MOST_VALUES = 2000;

/** @typedef {{name: string, minimum: number, maximum: number}} LaneSpec */
/** @typedef {{start: number, values: number[]}} LanePiece frames from `start` on */

/**
 * @constructor
 * @param {LaneSpec} spec
 */
function Lane(spec) {
    this.spec = spec;
    this.tolerance = LANE_TOLERANCE * (spec.maximum - spec.minimum);
    /** @type {number[]} frames, rising */
    this.frames = [];
    /** @type {number[]} */
    this.values = [];
    this.revision = 0;
    /** @type {?number} the frame that was passed last, in this pass */
    this.passed = null;
    this.passedValue = 0;
    /** Where this pass began. */
    this.entered = 0;
    /** @type {?number} what the control showed when the host came to stand here */
    this.stood = null;
}

/** The parameter's value of a control at 0 to 1.
 * @param {number} turn */
Lane.prototype.valueOf = function (turn) {
    var spec = this.spec, kept = Math.min(1, Math.max(0, turn));
    return spec.minimum + kept * (spec.maximum - spec.minimum);
};

/**
 * The host stands at a frame: a control that is turned counts from there, and everywhere where it never
 * moved in passing. What it shows at a place that the host has just come to says nothing against what is
 * remembered of it: the host may show it later.
 * @param {number} frame
 * @param {number} value
 * @returns {?LanePiece} what is new
 */
Lane.prototype.stand = function (frame, value) {
    var before = this.stood;
    this.passed = null;
    this.stood = value;
    if (this.frames.length <= 1) {
        return this.frames.length === 1 && this.fits(frame, value) ? null : this.learn(0, [value]);
    }
    var turned = before !== null && Math.abs(value - before) > this.tolerance;
    return turned ? this.learn(frame, [value]) : null;
};

/**
 * The host passes a frame.
 * @param {number} frame
 * @param {number} value
 * @returns {?LanePiece} what is new
 */
Lane.prototype.pass = function (frame, value) {
    var from = this.passed, fromValue = this.passedValue;
    this.passed = frame;
    this.passedValue = value;
    this.stood = null;
    if (from === null || frame < from) {
        this.entered = frame;
    }
    if (this.frames.length === 0) {
        return this.learn(0, [value]);
    }
    var stale = this.frames.length > 1 && frame - this.entered < STALE_FRAMES;
    if (stale || this.fits(frame, value)) {
        return null;
    }
    var known = from !== null && frame > from && frame - from <= MOST_SKIPPED;
    var start = known && from !== null ? from + 1 : frame;
    var values = [];
    for (var at = start; at <= frame; at++) {
        values.push(from === null || !known ? value :
            fromValue + (value - fromValue) * (at - from) / (frame - from));
    }
    return this.learn(start, values);
};

/** Forgets how it got here: the next frame is no neighbour of the last one. */
Lane.prototype.leave = function () {
    this.passed = null;
    this.stood = null;
};

/** All of it, for an engine that knows nothing.
 * @returns {LanePiece[]} */
Lane.prototype.pieces = function () {
    /** @type {LanePiece[]} */
    var found = [];
    for (var i = 0; i < this.frames.length; i++) {
        var last = found[found.length - 1];
        if (last && last.start + last.values.length === this.frames[i] &&
                last.values.length < MOST_VALUES) {
            last.values.push(this.values[i]);
        } else {
            found.push({start: this.frames[i], values: [this.values[i]]});
        }
    }
    return found;
};

/** What the engine is told: the piece, and that nothing is known beyond it.
 * @param {LanePiece} piece */
Lane.prototype.message = function (piece) {
    this.revision++;
    return {
        type: "lane",
        parameter: this.spec.name,
        revision: this.revision,
        anchor: "seconds",
        start: piece.start / PROTOCOL.LANE_RATE_HZ,
        rate: PROTOCOL.LANE_RATE_HZ,
        count: piece.values.length,
        values: piece.values,
        onwards: true
    };
};

/** Whether a value is what is remembered within a frame of here: hosts are not seen on the frame.
 * @param {number} frame
 * @param {number} value */
Lane.prototype.fits = function (frame, value) {
    var low = Infinity, high = -Infinity;
    for (var at = frame - 1; at <= frame + 1; at++) {
        var held = this.held(at);
        low = Math.min(low, held);
        high = Math.max(high, held);
    }
    return value >= low - this.tolerance && value <= high + this.tolerance;
};

/** @param {number} frame */
Lane.prototype.held = function (frame) {
    return this.values[Math.max(0, this.count(frame + 1) - 1)];
};

/** How many frames are remembered before this one.
 * @param {number} frame */
Lane.prototype.count = function (frame) {
    var low = 0, high = this.frames.length;
    while (low < high) {
        var middle = (low + high) >> 1;
        if (this.frames[middle] < frame) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
};

/**
 * @param {number} start
 * @param {number[]} values
 * @returns {LanePiece}
 */
Lane.prototype.learn = function (start, values) {
    var kept = this.count(start);
    this.frames.length = kept;
    this.values.length = kept;
    for (var i = 0; i < values.length; i++) {
        this.frames.push(start + i);
        this.values.push(values[i]);
    }
    return {start: start, values: values};
};
