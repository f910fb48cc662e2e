// Prompt, seed, LoRAs and source: told when they change, and all of them to an engine that knows nothing.
// Plain ES5.

/** A source by the name that `anacrusis source FILE` prints. */
var SOURCE_NAME = /^[0-9a-f]{64}$/;
var NO_SOURCE = " 0";
var LORAS_WORDS = "LoRAs: up to four names that `anacrusis lora list` prints, between commas";
/** When to ask again for a source that the engine did not have. */
var SOURCE_RETRY_MS = 5000;

/**
 * @constructor
 * @param {Gateway} gateway
 * @param {Refusals} refusals
 */
function SongTeller(gateway, refusals) {
    this.gateway = gateway;
    this.refusals = refusals;
    /** Whether changes are to be heard from a bar line on: while a stream is open. */
    this.quantised = false;
    /** @type {?string} */
    this.prompt = null;
    /** @type {?number} */
    this.seed = null;
    this.loras = noLoras();
    this.source = NO_SOURCE;
    /** @type {?number} */
    this.retryMs = null;
}

/** The engine knows nothing. */
SongTeller.prototype.forget = function () {
    this.prompt = null;
    this.seed = null;
    this.loras = noLoras();
    this.source = NO_SOURCE;
    this.retryMs = null;
};

/** @param {SettingValues} settings */
SongTeller.prototype.tell = function (settings) {
    this.tellSource(settings);
    this.tellLoras(settings.loras);
    if (settings.seed !== this.seed) {
        this.seed = settings.seed;
        this.change("param", {type: "param", parameter: "seed", value: settings.seed});
    }
    if (settings.prompt !== this.prompt) {
        this.prompt = settings.prompt;
        this.change("prompt", {type: "prompt", text: settings.prompt});
    }
};

/** @param {SettingValues} settings */
SongTeller.prototype.tellSource = function (settings) {
    var self = this, source = settings.source;
    var told = source + " " + (source === "" ? 0 : settings.repeatBars);
    var again = this.retryMs !== null && this.gateway.nowMs >= this.retryMs;
    if (told === this.source && !again) {
        return;
    }
    this.source = told;
    this.retryMs = null;
    if (source !== "" && !SOURCE_NAME.test(source)) {
        this.refusals.set("source_use", "Source: paste the name that `anacrusis source FILE` prints");
        return;
    }
    this.change("source_use",
        {type: "source_use", hash: source, repeat_bars: settings.repeatBars}, function (reply) {
            if (reply.code === PROTOCOL.CODES.UNKNOWN_SOURCE) {
                self.retryMs = self.gateway.nowMs + SOURCE_RETRY_MS;
                self.refusals.set("source_use",
                    "the engine does not have the source: run `anacrusis source FILE`");
            }
        });
};

/** Each place for itself: one that is taken says nothing of another that is refused.
 * @param {string} text */
SongTeller.prototype.tellLoras = function (text) {
    var names = loraNames(text);
    this.refusals.set("LoRAs", names === null ? LORAS_WORDS : "");
    for (var i = 0; names !== null && i < names.length; i++) {
        if (names[i] !== this.loras[i]) {
            this.loras[i] = names[i];
            this.change("lora_use " + (i + 1), {type: "lora_use", place: i + 1, name: names[i]});
        }
    }
};

/**
 * @param {string} topic of a refusal
 * @param {{[field: string]: any}} message
 * @param {function(any): void=} onReply
 */
SongTeller.prototype.change = function (topic, message, onReply) {
    var self = this;
    if (this.quantised) {
        message.when = {kind: "next_bar"};
    }
    this.gateway.ask(message, function (reply) {
        self.refusals.hear(topic, reply);
        if (onReply) {
            onReply(reply);
        }
    });
};
