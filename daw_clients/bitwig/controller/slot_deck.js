// Bars in launcher slots: emptied, filled, looked at, launched. Plain ES5, no host objects.
//
// Bitwig takes a file or does nothing, and says neither: whether there is a clip is looked at.

/** A clip that is not there by then did not come. */
var FILL_MS = 2000;
var MOST_TRIES = 2;
/** Nearer to its line than this a bar is not launched: the line may be gone when Bitwig hears of it. */
var LAUNCH_MARGIN_MS = 60;
/** The clip of a file is called as the file is; such clips are the script's own. */
var OWN_CLIP = /^bar-\d{5}-\d{6}/;

/** @typedef {{address: number, end: number, bar: number, path: string}} BarFile */
/** @typedef {{slotCount: function(): number, slotHasContent: function(number): boolean,
 *   slotName: function(number): string, emptySlot: function(number): void,
 *   fillSlot: function(number, string): void, launchSlot: function(number): void}} SlotDoor */
/** @typedef {{use: "free" | "emptying" | "filling" | "ready", file: ?BarFile, run: number,
 *   sinceMs: number, tries: number, launched: boolean}} Slot */

/**
 * @constructor
 * @param {SlotDoor} door
 */
function SlotDeck(door) {
    this.door = door;
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {BarFile[]} */
    this.waiting = [];
    /** Counts the runs of bars that belong together. */
    this.run = 0;
    this.last = -1;
    /** @type {?number} the slot that is heard */
    this.sounding = null;
    /** @type {?number} the slot that was launched last */
    this.queued = null;
    /** What went wrong last; the user is told once. */
    this.fault = "";
    this.missedAddress = -1;
    this.missed = 0;
    for (var i = 0; i < door.slotCount(); i++) {
        this.slots.push({use: "free", file: null, run: 0, sinceMs: 0, tries: 0, launched: false});
    }
}

/** Another run: the bars of the one before are not launched any more, and their slots are free. */
SlotDeck.prototype.begin = function () {
    this.run++;
    this.waiting = [];
    this.missedAddress = -1;
    this.fault = "";
    if (this.queued !== null) {
        this.sounding = this.queued;  // Bitwig plays it at the next line, whatever comes after
    }
};

/** Another track: nothing of what was known holds. */
SlotDeck.prototype.forget = function () {
    this.begin();
    this.sounding = null;
    this.queued = null;
    this.last = -1;
    for (var i = 0; i < this.slots.length; i++) {
        this.slots[i].use = "free";
        this.slots[i].file = null;
    }
};

/** @param {BarFile} file */
SlotDeck.prototype.take = function (file) {
    this.waiting.push(file);
    this.waiting.sort(function (a, b) {
        return a.address - b.address;
    });
};

/** How many bars of this run lie in slots. */
SlotDeck.prototype.readyCount = function () {
    var count = 0;
    for (var i = 0; i < this.slots.length; i++) {
        count += this.slots[i].use === "ready" && this.slots[i].run === this.run ? 1 : 0;
    }
    return count;
};

/**
 * Goes on with what is due.
 * @param {number} nowMs
 * @param {?number} address where the host is; bars that end there are done with. null: none is
 */
SlotDeck.prototype.tick = function (nowMs, address) {
    for (var i = 0; i < this.slots.length; i++) {
        this.goOn(i, nowMs);
    }
    this.hear(address);
    var left = this.waiting;
    this.waiting = [];
    for (var n = 0; n < left.length; n++) {
        if (!(address !== null && left[n].end <= address) && !this.place(left[n], nowMs, address)) {
            this.waiting.push(left[n]);
        }
    }
};

/**
 * Launches the bar of the next line, if it is there; Bitwig waits for the line.
 * @param {number} address of the line
 * @param {number} leftMs
 * @param {number} bar its number, for the user
 */
SlotDeck.prototype.launchAt = function (address, leftMs, bar) {
    for (var i = 0; i < this.slots.length; i++) {
        var slot = this.slots[i];
        if (slot.run !== this.run || slot.file === null || slot.file.address !== address) {
            continue;
        }
        if (slot.launched) {
            return;
        }
        if (slot.use === "ready" && leftMs >= LAUNCH_MARGIN_MS) {
            this.door.launchSlot(i);
            slot.launched = true;
            this.queued = i;
            this.fault = "";
            return;
        }
    }
    if (leftMs < LAUNCH_MARGIN_MS && address !== this.missedAddress) {
        this.missedAddress = address;
        this.missed++;
        this.fault = "bar " + bar + " came too late";
    }
};

/**
 * @param {number} i
 * @param {number} nowMs
 */
SlotDeck.prototype.goOn = function (i, nowMs) {
    var slot = this.slots[i], there = this.door.slotHasContent(i);
    if (slot.use === "emptying" && !there) {
        this.fill(i, nowMs);
    } else if (slot.use === "filling" && there) {
        slot.use = "ready";
    } else if (slot.use === "filling" || slot.use === "emptying") {
        if (nowMs - slot.sinceMs > FILL_MS) {
            this.tryAgain(i, nowMs);
        }
    } else if (slot.use === "ready" && !there) {
        slot.use = "free";  // the user took it away
        slot.file = null;
    }
};

/**
 * @param {number} i
 * @param {number} nowMs
 */
SlotDeck.prototype.tryAgain = function (i, nowMs) {
    var slot = this.slots[i];
    if (slot.use === "filling" && slot.tries < MOST_TRIES) {
        this.fill(i, nowMs);
        return;
    }
    this.fault = slot.use === "emptying" ? "slot " + (i + 1) + " could not be emptied" :
        "Bitwig did not take bar " + (slot.file ? slot.file.bar : "?") + ": is it an audio track?";
    slot.use = "free";
    slot.file = null;
};

/** The slot that is heard: the last one that was launched and whose line is reached.
 * @param {?number} address */
SlotDeck.prototype.hear = function (address) {
    for (var i = 0; i < this.slots.length; i++) {
        var slot = this.slots[i], file = slot.file;
        var reached = address !== null && file !== null && slot.launched && slot.run === this.run &&
            file.address <= address && address < file.end;
        if (reached) {
            this.sounding = i;
        }
    }
};

/**
 * Finds a slot for a file and begins to fill it.
 * @param {BarFile} file
 * @param {number} nowMs
 * @param {?number} address
 * @returns {boolean} false where it has to wait
 */
SlotDeck.prototype.place = function (file, nowMs, address) {
    var chosen = this.slotOf(file);
    if (chosen !== null && this.slots[chosen].launched) {
        return true;  // it is too late for another take of that bar
    }
    if (chosen !== null && this.slots[chosen].use !== "ready") {
        return false;  // the take before it is on its way
    }
    for (var n = 1; chosen === null && n <= this.slots.length; n++) {
        var i = (this.last + n) % this.slots.length;
        chosen = this.usable(i, address) ? i : null;
    }
    if (chosen === null) {
        return false;
    }
    this.last = chosen;
    this.slots[chosen] = {use: "emptying", file: file, run: this.run, sinceMs: nowMs, tries: 0,
        launched: false};
    if (this.door.slotHasContent(chosen)) {
        this.door.emptySlot(chosen);
    } else {
        this.fill(chosen, nowMs);
    }
    return true;
};

/** The slot that has the same bar already.
 * @param {BarFile} file */
SlotDeck.prototype.slotOf = function (file) {
    for (var i = 0; i < this.slots.length; i++) {
        var slot = this.slots[i];
        if (slot.run === this.run && slot.file !== null && slot.file.address === file.address) {
            return i;
        }
    }
    return null;
};

/** Whether nothing is lost with what is in a slot.
 * @param {number} i
 * @param {?number} address */
SlotDeck.prototype.usable = function (i, address) {
    var slot = this.slots[i], file = slot.file;
    if (i === this.sounding || slot.use === "emptying" || slot.use === "filling") {
        return false;
    }
    if (file === null) {
        return !this.door.slotHasContent(i) || OWN_CLIP.test(this.door.slotName(i));
    }
    return slot.run !== this.run || (address !== null && file.end <= address);
};

/**
 * @param {number} i
 * @param {number} nowMs
 */
SlotDeck.prototype.fill = function (i, nowMs) {
    var slot = this.slots[i];
    slot.use = "filling";
    slot.sinceMs = nowMs;
    slot.tries++;
    this.door.fillSlot(i, /** @type {BarFile} */ (slot.file).path);
};
