// The lanes of the remote controls: followed along the song, told where they are new. Plain ES5.

/** @typedef {{name: string, value: number}} RemoteValue a control at 0 to 1 */

/**
 * @constructor
 * @param {Gateway} gateway
 * @param {Refusals} refusals
 */
function LaneTeller(gateway, refusals) {
    this.gateway = gateway;
    this.refusals = refusals;
    /** @type {{[key: string]: Lane}} */
    this.lanes = {};
    /** @type {{[name: string]: boolean}} lanes that this engine does not take */
    this.deaf = {};
}

/**
 * Looks at all controls.
 * @param {RemoteValue[]} remotes
 * @param {PlayHead} head
 */
LaneTeller.prototype.follow = function (remotes, head) {
    var song = /** @type {Song} */ (head.song);
    var frame = Math.round(song.seconds(head.ppq) * PROTOCOL.LANE_RATE_HZ);
    for (var i = 0; i < remotes.length; i++) {
        var lane = this.laneOf(remotes[i].name);
        if (lane !== null) {
            var value = lane.valueOf(remotes[i].value);
            var piece = head.playing ? lane.pass(frame, value) : lane.stand(frame, value);
            if (piece !== null) {
                this.tell(lane, piece);
            }
        }
    }
};

/** The host is somewhere else now. */
LaneTeller.prototype.leave = function () {
    for (var key in this.lanes) {
        this.lanes[key].leave();
    }
};

/** The engine knows nothing: all that is remembered is told. */
LaneTeller.prototype.tellAll = function () {
    this.deaf = {};
    for (var key in this.lanes) {
        var pieces = this.lanes[key].pieces();
        for (var i = 0; i < pieces.length; i++) {
            this.tell(this.lanes[key], pieces[i]);
        }
    }
};

/**
 * @param {Lane} lane
 * @param {LanePiece} piece
 */
LaneTeller.prototype.tell = function (lane, piece) {
    var self = this, name = lane.spec.name;
    if (this.gateway.state !== "ready" || this.deaf[name]) {
        return;
    }
    this.gateway.ask(lane.message(piece), function (reply) {
        self.deaf[name] = !self.refusals.hear(name, reply);
    });
};

/** The lane of a remote control: the parameter that is called as it is, null where there is none.
 * @param {string} name */
LaneTeller.prototype.laneOf = function (name) {
    var key = plainName(name);
    if (!Object.prototype.hasOwnProperty.call(this.lanes, key)) {
        var spec = laneSpec(key);
        if (spec === null) {
            return null;
        }
        this.lanes[key] = new Lane(spec);
    }
    return this.lanes[key];
};

/** Case, spaces and signs do not count.
 * @param {string} name */
function plainName(name) {
    return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** @param {string} key
 * @returns {?LaneSpec} */
function laneSpec(key) {
    for (var i = 0; i < PROTOCOL.LANES.length; i++) {
        if (plainName(PROTOCOL.LANES[i].name) === key) {
            return PROTOCOL.LANES[i];
        }
    }
    return null;
}
