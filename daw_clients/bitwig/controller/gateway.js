// The way to the engine: one connection at a time, made again whenever it is lost. Plain ES5.
//
// Bitwig does not say that a connection could not be made: it stays silent. So all waits have ends.

var RETRY_MS = 2000;
/** A connection that is not there by then is given up. */
var CONNECT_MS = 3000;
/** The engine gives a sign of life 4 times a second. */
var SILENCE_MS = 5000;

/** @typedef {{connect: function(number, function(any): void): void}} Door */
/** @typedef {{onReady: function(any): void, onGone: function(): void, onMessage: function(any): void}}
 *   GatewayUser */

/**
 * @constructor
 * @param {Door} door
 * @param {GatewayUser} user is told of the session; all calls come from here or from `tick`
 */
function Gateway(door, user) {
    this.door = door;
    this.user = user;
    /** @type {"waiting" | "connecting" | "greeting" | "ready" | "refused" | "closed"} */
    this.state = "waiting";
    /** What there is to say where it is not ready. */
    this.words = "";
    this.token = "";
    this.tcpPort = PROTOCOL.GATEWAY_PORT;
    /** @type {any} */
    this.connection = null;
    this.attempt = 0;
    this.nowMs = 0;
    this.sinceMs = 0;
    this.retryMs = 0;
    this.seq = 0;
    /** @type {{[seq: number]: function(any): void}} */
    this.pending = {};
}

/** Another place or another token: whatever was, it is tried anew.
 * @param {number} tcpPort
 * @param {string} token */
Gateway.prototype.use = function (tcpPort, token) {
    if (tcpPort === this.tcpPort && token === this.token) {
        return;
    }
    this.tcpPort = tcpPort;
    this.token = token;
    this.drop("waiting", "");
    this.retryMs = this.nowMs;
};

/** Goes on with what is due.
 * @param {number} nowMs */
Gateway.prototype.tick = function (nowMs) {
    this.nowMs = nowMs;
    if (this.token === "") {
        this.words = "paste the token that `anacrusis gateway --show-token` prints";
    } else if (this.state === "waiting" && nowMs >= this.retryMs) {
        this.open();
    } else if (this.state === "connecting" && nowMs - this.sinceMs > CONNECT_MS) {
        this.drop("waiting", this.nobody());
    } else if ((this.state === "greeting" || this.state === "ready") &&
            nowMs - this.sinceMs > SILENCE_MS) {
        this.drop("waiting", "the engine says nothing; connecting anew");
    }
};

/**
 * Sends a message that is answered.
 * @param {{[field: string]: any}} message
 * @param {function(any): void=} onReply
 */
Gateway.prototype.ask = function (message, onReply) {
    this.seq++;
    message.seq = this.seq;
    if (onReply) {
        this.pending[this.seq] = onReply;
    }
    this.send(message);
};

/** Sends a message that has no answer where all is well.
 * @param {Object} message */
Gateway.prototype.send = function (message) {
    var connection = this.connection;
    if (connection === null) {
        return;
    }
    try {
        connection.send(frameOf(message));
    } catch (error) {
        this.drop("waiting", "the connection was lost");
    }
};

/** The end: nothing happens afterwards. */
Gateway.prototype.close = function () {
    if (this.state === "ready") {
        this.send({type: "bye"});
    }
    this.drop("closed", "");
};

Gateway.prototype.nobody = function () {
    return "no engine at port " + this.tcpPort + ": run `anacrusis serve`";
};

Gateway.prototype.open = function () {
    var self = this;
    this.state = "connecting";
    this.sinceMs = this.nowMs;
    this.attempt++;
    var mine = this.attempt;
    this.door.connect(this.tcpPort, function (connection) {
        if (mine !== self.attempt || self.state !== "connecting") {
            connection.disconnect();  // it comes after it was given up
            return;
        }
        self.opened(connection, mine);
    });
};

/**
 * @param {any} connection
 * @param {number} mine
 */
Gateway.prototype.opened = function (connection, mine) {
    var self = this;
    this.connection = connection;
    this.state = "greeting";
    this.sinceMs = this.nowMs;
    connection.setReceiveCallback(function (/** @type {any} */ bytes) {
        if (mine === self.attempt && self.connection !== null) {
            self.heard(messageOf(bytes));
        }
    });
    connection.setDisconnectCallback(function () {
        if (mine === self.attempt && self.connection !== null) {
            self.connection = null;
            self.drop("waiting", self.words || self.nobody());
        }
    });
    this.signIn();
};

Gateway.prototype.signIn = function () {
    var self = this;
    this.ask({type: "sign_in", token: this.token, audio: "files", keep_files: true}, function (reply) {
        if (reply.type !== "ok") {
            self.refused(reply);
            return;
        }
        self.ask({type: "hello", client: "bitwig-script", host: "Bitwig Studio",
            sample_rate: SAMPLE_RATE_HZ, block_size: HOST_BLOCK}, function (answer) {
            if (answer.type !== "welcome") {
                self.refused(answer);
                return;
            }
            self.state = "ready";
            self.words = "";
            self.user.onReady(answer);
        });
    });
};

/** @param {any} reply */
Gateway.prototype.refused = function (reply) {
    var again = reply.code === PROTOCOL.CODES.NO_ENGINE;
    var words = reply.code === PROTOCOL.CODES.BAD_TOKEN ?
        "wrong token: paste what `anacrusis gateway --show-token` prints" : String(reply.message);
    this.drop(again ? "waiting" : "refused", words);
};

/** @param {any} message null where it was none */
Gateway.prototype.heard = function (message) {
    this.sinceMs = this.nowMs;
    if (message === null) {
        this.drop("waiting", "what answers at port " + this.tcpPort + " is no gateway");
        return;
    }
    var onReply = this.pending[message.re];
    if (onReply) {
        delete this.pending[message.re];
        onReply(message);
    } else if (this.state === "ready") {
        if (message.code === PROTOCOL.CODES.NO_ENGINE) {
            this.words = String(message.message);  // the connection ends with it
        }
        this.user.onMessage(message);
    } else if (message.type === "refused" || message.type === "error") {
        this.refused(message);
    }
};

/**
 * @param {"waiting" | "refused" | "closed"} state
 * @param {string} words
 */
Gateway.prototype.drop = function (state, words) {
    var connection = this.connection, was = this.state;
    this.connection = null;
    this.attempt++;  // whatever still comes from this one is not heard
    this.pending = {};
    this.state = state;
    this.words = words;
    this.retryMs = this.nowMs + RETRY_MS;
    if (connection !== null) {
        connection.disconnect();
    }
    if (was === "ready") {
        this.user.onGone();
    }
};
