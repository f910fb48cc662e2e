// A song of one tempo and one signature: all that Bitwig tells a script. Plain ES5, no host objects.

/** Positions that lie this near to a bar line are on it, in quarter notes. */
var LINE_PPQ = 1e-6;

/**
 * @constructor
 * @param {number} bpm quarter notes a minute
 * @param {number} numerator
 * @param {number} denominator
 * @param {number} rateHz
 */
function Song(bpm, numerator, denominator, rateHz) {
    this.bpm = bpm;
    this.numerator = numerator;
    this.denominator = denominator;
    this.rateHz = rateHz;
    this.barPpq = numerator * 4 / denominator;
}

/** @param {Song} other */
Song.prototype.equals = function (other) {
    return this.bpm === other.bpm && this.numerator === other.numerator &&
        this.denominator === other.denominator;
};

/** @param {number} ppq */
Song.prototype.seconds = function (ppq) {
    return 60 * ppq / this.bpm;
};

/** The sample of a position: a half goes to the even neighbour, as everywhere on the bridge.
 * @param {number} ppq */
Song.prototype.sample = function (ppq) {
    return roundHalfEven(this.rateHz * this.seconds(ppq));
};

/** The index of the bar that holds a position, from 0.
 * @param {number} ppq */
Song.prototype.bar = function (ppq) {
    return Math.floor((ppq + LINE_PPQ) / this.barPpq);
};

/** @param {number} ppq */
Song.prototype.isLine = function (ppq) {
    return Math.abs(ppq - this.bar(ppq) * this.barPpq) <= LINE_PPQ;
};

/** The first bar line after a position.
 * @param {number} ppq */
Song.prototype.nextLine = function (ppq) {
    return (this.bar(ppq) + 1) * this.barPpq;
};

/** @param {number} value */
function roundHalfEven(value) {
    var floor = Math.floor(value), rest = value - floor;
    if (rest !== 0.5) {
        return Math.round(value);
    }
    return floor % 2 === 0 ? floor : floor + 1;
}
