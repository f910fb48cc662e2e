// What the engine did not take, in its own words, until it takes it. Plain ES5, no host objects.

/** @constructor */
function Refusals() {
    /** @type {{[topic: string]: string}} */
    this.words = {};
}

/** Of an engine that was just greeted nothing is known. */
Refusals.prototype.clear = function () {
    this.words = {};
};

/**
 * @param {string} topic
 * @param {string} words empty: it was taken
 */
Refusals.prototype.set = function (topic, words) {
    this.words[topic] = words;
};

/**
 * Takes a reply.
 * @param {string} topic
 * @param {any} reply
 * @returns {boolean} whether it was taken
 */
Refusals.prototype.hear = function (topic, reply) {
    this.words[topic] = reply.type === "error" ? String(reply.message) : "";
    return this.words[topic] === "";
};

/** One of them; empty where all is well. */
Refusals.prototype.first = function () {
    for (var topic in this.words) {
        if (this.words[topic] !== "") {
            return this.words[topic];
        }
    }
    return "";
};
