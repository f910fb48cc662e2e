// A stand-in for Bitwig's controller host, stricter than Bitwig is known to be. ES5: it runs in node and in
// Rhino, beside the script, with a clock of its own.
//
// What it enforces: objects, settings, observers and interest only in init; `get` only of what was marked,
// and not in init; signed bytes; no call after exit; a script that throws is stopped. What Bitwig does some
// time later (cursors, clips, positions) happens some time later here.

/* exported makeDouble */

var SHOW_MS = 50;          // how often the host shows its position
var CURSOR_MS = 120;       // until a cursor is where it was sent
var CLIP_MS = 80;          // until a clip is there, or gone
var STEP_MS = 5;
var QUANTIZATIONS = ["default", "none", "8", "4", "2", "1", "1/2", "1/4", "1/8", "1/16"];
var LAUNCH_MODES = ["play_with_quantization", "continue_immediately", "continue_with_quantization"];

/**
 * `platform`: connect(host, port, handlers) -> {write(bytes), close()}, with handlers opened(),
 * bytes(list), closed(); and isFile(path).
 */
function makeDouble(platform) {
    var world = {
        nowMs: 1700000000000,
        transport: {playing: false, ppq: 0, bpm: 120, numerator: 4, denominator: 4, looping: false,
            loopStart: 0, loopEnd: 16},
        tracks: [newTrack("Drums", "audio", 8), newTrack("Anacrusis", "audio", 8)],
        kept: {},               // settings outlive a script
        status: [], popups: [], log: [], launches: [], plays: [], sent: [], heard: [],
        addsHeader: false, refusesFiles: false, connections: 0
    };
    var script = null;          // what belongs to one life of the script

    function newTrack(name, kind, slots) {
        var track = {name: name, kind: kind, slots: [], remotes: []};
        for (var i = 0; i < slots; i++) {
            track.slots.push({clip: null, queued: null});
        }
        for (var n = 0; n < 8; n++) {
            track.remotes.push({name: "", value: 0, mapped: false});
        }
        return track;
    }

    // -------------------------------------------------------- a script's life

    function fail(words) {
        throw new Error("Bitwig: " + words);
    }

    function begin() {
        script = {phase: "load", tasks: [], later: [], sockets: [], values: [], shown: null,
            shownMs: 0, cursor: null, made: {}, error: null, apis: 0};
        var mine = script;
        return {host: host(mine), loadAPI: function (version) { loadAPI(mine, version); },
            println: function (words) { world.log.push(String(words)); },
            errorln: function (words) { world.log.push("error " + words); }};
    }

    function loadAPI(mine, version) {
        if (mine.phase !== "load") {
            fail("loadAPI is called when the script is loaded");
        }
        if (version !== Math.floor(version) || version < 1 || version > 17) {
            fail("there is no API " + version);
        }
        mine.apis++;
    }

    /** Calls into the script; one that throws is stopped, as Bitwig does. */
    function call(mine, entry, args) {
        if (mine.phase === "exited" || mine.phase === "crashed") {
            return;
        }
        try {
            entry.apply(null, args || []);
        } catch (error) {
            mine.phase = "crashed";
            mine.error = String(error && error.message || error);
            world.log.push("crashed: " + mine.error);
            closeSockets(mine);
        }
    }

    function init(entry) {
        script.phase = "init";
        call(script, entry);
        if (script.phase === "init") {
            script.phase = "running";
            show(script);
        }
    }

    function exit(entry) {
        call(script, entry);
        var leaked = 0;
        for (var i = 0; i < script.sockets.length; i++) {
            leaked += script.sockets[i].open ? 1 : 0;
        }
        end();
        return {leaked: leaked};
    }

    /** As when Bitwig itself is gone: the script hears nothing of it. */
    function end() {
        if (script === null) {
            return;
        }
        script.phase = "exited";
        closeSockets(script);
        script.tasks = [];
        script.later = [];
    }

    function closeSockets(mine) {
        for (var i = 0; i < mine.sockets.length; i++) {
            mine.sockets[i].close();
        }
    }

    function inInit(mine, what) {
        if (mine.phase !== "init") {
            fail(what + " can only be called in init");
        }
    }

    function alive(mine, what) {
        if (mine.phase !== "init" && mine.phase !== "running") {
            fail(what + " is called while the script is " + mine.phase);
        }
    }

    // -------------------------------------------------------- values

    /** A value that the script may watch; `read` gives what the host shows. */
    function value(mine, what, read) {
        var interested = false, observers = [];
        var made = {
            markInterested: function () {
                inInit(mine, what + ".markInterested");
                if (interested) {
                    fail(what + " is marked already");
                }
                interested = true;
            },
            get: function () {
                alive(mine, what + ".get");
                if (mine.phase === "init") {
                    fail(what + " has no value in init");
                }
                if (!interested) {
                    fail(what + " was not marked as interesting");
                }
                return read();
            },
            addValueObserver: function (callback) {
                inInit(mine, what + ".addValueObserver");
                checkFunction(callback);
                interested = true;
                observers.push(callback);
            }
        };
        mine.values.push({read: read, observers: observers, last: undefined});
        return made;
    }

    function checkFunction(given) {
        if (typeof given !== "function") {
            fail("a callback is a function, not " + given);
        }
    }

    /** What is made twice is the same object: a script may ask for it as often as it likes. */
    function once(mine, key, make) {
        if (!Object.prototype.hasOwnProperty.call(mine.made, key)) {
            inInit(mine, key);
            mine.made[key] = make();
        }
        return mine.made[key];
    }

    function getter(mine, key, read) {
        return function () {
            return once(mine, key, function () { return value(mine, key, read); });
        };
    }

    // -------------------------------------------------------- the host

    function host(mine) {
        return {
            setShouldFailOnDeprecatedUse: function () {},
            defineController: function () {
                if (mine.phase !== "load" || arguments.length !== 5) {
                    fail("defineController takes 5 arguments, when the script is loaded");
                }
            },
            defineMidiPorts: function () {},
            println: function (words) { world.log.push(String(words)); },
            showPopupNotification: function (words) {
                alive(mine, "showPopupNotification");
                world.popups.push(String(words));
            },
            createTransport: function () {
                inInit(mine, "createTransport");
                return transportOf(mine);
            },
            createTrackBank: function (tracks, sends, scenes, flat) {
                inInit(mine, "createTrackBank");
                if (arguments.length !== 4 || typeof flat !== "boolean") {
                    fail("createTrackBank takes 4 arguments");
                }
                return trackBank(mine, tracks);
            },
            createCursorTrack: function (id, name, sends, scenes, follows) {
                inInit(mine, "createCursorTrack");
                if (typeof id !== "string" || typeof follows !== "boolean") {
                    fail("createCursorTrack takes an id, a name, two numbers and a boolean");
                }
                return cursorTrack(mine, scenes);
            },
            getDocumentState: function () {
                inInit(mine, "getDocumentState");
                return settings(mine);
            },
            getPreferences: function () {
                inInit(mine, "getPreferences");
                return settings(mine);
            },
            scheduleTask: function (callback, delayMs) {
                alive(mine, "scheduleTask");
                checkFunction(callback);
                if (arguments.length !== 2 || !(delayMs >= 0)) {
                    fail("scheduleTask takes a function and milliseconds");
                }
                mine.tasks.push({atMs: world.nowMs + delayMs, entry: callback});
            },
            connectToRemoteHost: function (name, port, callback) {
                alive(mine, "connectToRemoteHost");
                checkFunction(callback);
                if (typeof name !== "string" || port !== Math.floor(port)) {
                    fail("connectToRemoteHost takes a name and a port");
                }
                connect(mine, name, port, callback);
            }
        };
    }

    function transportOf(mine) {
        function shown(field) {
            return getter(mine, "transport." + field, function () { return mine.shown[field]; });
        }
        var tempo = once(mine, "transport.tempo", function () {
            var made = value(mine, "transport.tempo", function () { return 0.5; });
            made.getRaw = function () {
                made.get();
                return mine.shown.bpm;
            };
            return made;
        });
        var signature = {numerator: shown("numerator"), denominator: shown("denominator")};
        return {
            isPlaying: shown("playing"),
            playPosition: shown("ppq"),
            tempo: function () { return {value: function () { return tempo; }}; },
            timeSignature: function () { return signature; },
            isArrangerLoopEnabled: shown("looping"),
            arrangerLoopStart: shown("loopStart"),
            arrangerLoopDuration: getter(mine, "transport.loopDuration", function () {
                return mine.shown.loopEnd - mine.shown.loopStart;
            })
        };
    }

    function trackBank(mine, count) {
        var items = [];
        function item(i) {
            return {
                index: i,
                exists: getter(mine, "bank.exists." + i, function () { return i < world.tracks.length; }),
                name: getter(mine, "bank.name." + i, function () {
                    return i < world.tracks.length ? world.tracks[i].name : "";
                })
            };
        }
        for (var i = 0; i < count; i++) {
            items.push(item(i));
        }
        return {getItemAt: function (at) { return items[at]; }};
    }

    function cursorTrack(mine, scenes) {
        var slots = [], device = deviceOf(mine);
        for (var i = 0; i < scenes; i++) {
            slots.push(slot(mine, i));
        }
        var bank = {getItemAt: function (at) { return slots[at]; }};
        return {
            exists: getter(mine, "cursor.exists", function () { return mine.cursor !== null; }),
            name: getter(mine, "cursor.name", function () { return mine.cursor ? mine.cursor.name : ""; }),
            selectChannel: function (channel) {
                alive(mine, "selectChannel");
                after(mine, CURSOR_MS, function () { mine.cursor = world.tracks[channel.index] || null; });
            },
            clipLauncherSlotBank: function () { return bank; },
            createDeviceBank: function () {
                inInit(mine, "createDeviceBank");
                return {getItemAt: function () { return device; }};
            }
        };
    }

    function deviceOf(mine) {
        return {
            createCursorRemoteControlsPage: function (count) {
                inInit(mine, "createCursorRemoteControlsPage");
                var remotes = [];
                for (var i = 0; i < count; i++) {
                    remotes.push(remote(mine, i));
                }
                return {getParameter: function (at) { return remotes[at]; }};
            }
        };
    }

    function remote(mine, i) {
        function of() {
            return mine.cursor ? mine.cursor.remotes[i] : {name: "", value: 0, mapped: false};
        }
        return {
            exists: getter(mine, "remote.exists." + i, function () { return of().mapped; }),
            name: getter(mine, "remote.name." + i, function () { return of().name; }),
            modulatedValue: getter(mine, "remote.value." + i, function () { return of().value; })
        };
    }

    // -------------------------------------------------------- slots

    function slot(mine, i) {
        function of() {
            return mine.cursor ? mine.cursor.slots[i] : {clip: null};
        }
        return {
            hasContent: getter(mine, "slot.hasContent." + i, function () { return of().clip !== null; }),
            name: getter(mine, "slot.name." + i, function () { return of().clip ? of().clip.name : ""; }),
            deleteObject: function () {
                alive(mine, "deleteObject");
                var at = of();
                after(mine, CLIP_MS, function () { at.clip = null; });
            },
            replaceInsertionPoint: function () {
                return {insertFile: function (path) { insert(mine, path); }};
            },
            launchWithOptions: function (quantization, mode) {
                alive(mine, "launchWithOptions");
                if (QUANTIZATIONS.indexOf(quantization) < 0 || LAUNCH_MODES.indexOf(mode) < 0) {
                    fail("launchWithOptions(" + quantization + ", " + mode + ")");
                }
                launch(of(), i, quantization);
            }
        };

        /** Says nothing where it does nothing, as Bitwig. */
        function insert(mine, path) {
            alive(mine, "insertFile");
            if (typeof path !== "string") {
                fail("insertFile takes a path");
            }
            var at = of(), audio = mine.cursor && mine.cursor.kind === "audio";
            if (audio && !world.refusesFiles && platform.isFile(path)) {
                after(mine, CLIP_MS, function () { at.clip = {name: stem(path), path: path}; });
            }
        }
    }

    function stem(path) {
        return path.replace(/^.*[\/\\]/, "").replace(/\.[^.]*$/, "");
    }

    function launch(at, i, quantization) {
        if (quantization !== "1") {
            fail("the double knows quantization 1");
        }
        var bar = barPpq(), ppq = world.transport.ppq;
        at.queued = (Math.floor(ppq / bar + 1e-9) + 1) * bar;
        world.launches.push({slot: i, ppq: ppq, path: at.clip ? at.clip.path : null});
    }

    function barPpq() {
        return world.transport.numerator * 4 / world.transport.denominator;
    }

    // -------------------------------------------------------- settings

    function settings(mine) {
        function kept(label, initial) {
            if (!Object.prototype.hasOwnProperty.call(world.kept, label)) {
                world.kept[label] = initial;
            }
            var made = value(mine, "setting " + label, function () { return world.kept[label]; });
            made.set = function (given) {
                alive(mine, "set");
                if (typeof given !== typeof world.kept[label]) {
                    fail("the setting " + label + " is no " + typeof given);
                }
                world.kept[label] = given;
                if (label === "Status") {
                    world.status.push(given);
                }
            };
            return made;
        }
        function checkLabels(label, category) {
            inInit(mine, "a setting");
            if (typeof label !== "string" || typeof category !== "string") {
                fail("a setting has a label and a category");
            }
        }
        return {
            getStringSetting: function (label, category, characters, initial) {
                checkLabels(label, category);
                if (!(characters > 0)) {
                    fail("a string has a length");
                }
                return kept(label, String(initial));
            },
            getNumberSetting: function (label, category, low, high, step, unit, initial) {
                checkLabels(label, category);
                if (!(low <= initial && initial <= high) || typeof unit !== "string") {
                    fail("a number lies between its ends");
                }
                var made = kept(label, initial), get = made.get;
                made.getRaw = get;
                made.get = function () { return (get() - low) / (high - low); };  // as for any range
                return made;
            },
            getEnumSetting: function (label, category, options, initial) {
                checkLabels(label, category);
                if (options.indexOf(initial) < 0) {
                    fail("an enum begins with one of its options");
                }
                return kept(label, initial);
            },
            getSignalSetting: function (label, category) {
                checkLabels(label, category);
                var observers = [];
                mine.made["signal " + label] = observers;
                return {addSignalObserver: function (callback) {
                    inInit(mine, "addSignalObserver");
                    checkFunction(callback);
                    observers.push(callback);
                }};
            }
        };
    }

    function press(label) {
        var observers = script.made["signal " + label];
        for (var i = 0; i < observers.length; i++) {
            call(script, observers[i]);
        }
    }

    // -------------------------------------------------------- sockets

    /** Where nobody listens, nothing is called: so it is in Bitwig. */
    function connect(mine, name, port, callback) {
        var socket = {open: false, wanted: true, buffer: [], receive: null, disconnected: null, wire: null};
        socket.close = function () {
            socket.wanted = false;
            if (socket.wire !== null) {
                socket.wire.close();
            }
            socket.open = false;
        };
        var wire = platform.connect(name, port, {
            opened: function () {
                socket.wire = wire;
                if (!socket.wanted) {
                    wire.close();
                    return;
                }
                socket.open = true;
                world.connections++;
                call(mine, callback, [remoteConnection(mine, socket)]);
            },
            bytes: function (list) { arrived(mine, socket, list); },
            closed: function () { gone(mine, socket); }
        });
        mine.sockets.push(socket);
    }

    function remoteConnection(mine, socket) {
        return {
            setReceiveCallback: function (callback) {
                checkFunction(callback);
                socket.receive = callback;
            },
            setDisconnectCallback: function (callback) {
                checkFunction(callback);
                socket.disconnected = callback;
            },
            send: function (bytes) {
                alive(mine, "send");
                checkBytes(bytes);
                if (!socket.open) {
                    throw new Error("IOException: not connected");
                }
                noteSent(bytes);
                socket.wire.write(world.addsHeader ? lengthOf(bytes.length).concat(bytes) : bytes);
            },
            disconnect: function () {
                alive(mine, "disconnect");
                if (socket.open) {
                    socket.close();
                    after(mine, 0, function () { gone(mine, socket); });
                }
            }
        };
    }

    function checkBytes(bytes) {
        if (Object.prototype.toString.call(bytes) !== "[object Array]") {
            fail("send takes an array of bytes");
        }
        for (var i = 0; i < bytes.length; i++) {
            if (bytes[i] !== Math.floor(bytes[i]) || bytes[i] < -128 || bytes[i] > 127) {
                fail("a byte is -128 to 127, not " + bytes[i]);
            }
        }
    }

    function noteSent(bytes) {
        var text = "";
        for (var i = 4; i < bytes.length; i++) {
            text += String.fromCharCode(bytes[i]);
        }
        world.sent.push(text);
    }

    function lengthOf(length) {
        return [(length << 0) >> 24, (length << 8) >> 24, (length << 16) >> 24, (length << 24) >> 24];
    }

    /** Cuts off the lengths: a script sees only what is behind them, whole. */
    function arrived(mine, socket, list) {
        socket.buffer = socket.buffer.concat(list);
        while (socket.open && socket.buffer.length >= 4) {
            var length = 0;
            for (var i = 0; i < 4; i++) {
                length = length * 256 + (socket.buffer[i] & 255);
            }
            if (socket.buffer.length < 4 + length) {
                return;
            }
            var body = socket.buffer.slice(4, 4 + length);
            socket.buffer = socket.buffer.slice(4 + length);
            if (socket.receive !== null) {
                call(mine, socket.receive, [body]);
            }
        }
    }

    function gone(mine, socket) {
        var callback = socket.disconnected;
        socket.open = false;
        socket.disconnected = null;
        if (callback !== null) {
            call(mine, callback);
        }
    }

    // -------------------------------------------------------- time

    function after(mine, delayMs, work) {
        mine.later.push({atMs: world.nowMs + delayMs, entry: work});
    }

    function show(mine) {
        var shown = {};
        for (var field in world.transport) {
            shown[field] = world.transport[field];
        }
        mine.shown = shown;
        mine.shownMs = world.nowMs;
        for (var i = 0; i < mine.values.length; i++) {
            tellObservers(mine, mine.values[i]);
        }
    }

    function tellObservers(mine, watched) {
        var now = watched.observers.length ? watched.read() : undefined;
        if (watched.observers.length && now !== watched.last) {
            watched.last = now;
            for (var i = 0; i < watched.observers.length; i++) {
                call(mine, watched.observers[i], [now]);
            }
        }
    }

    function advance(ms) {
        for (var done = 0; done < ms; done += STEP_MS) {
            world.nowMs += STEP_MS;
            play();
            if (script !== null && script.phase === "running") {
                due(script.later, function (work) { work.entry(); });
                if (world.nowMs - script.shownMs >= SHOW_MS) {
                    show(script);
                }
                var mine = script;
                due(script.tasks, function (task) { call(mine, task.entry); });
            }
        }
    }

    function due(list, run) {
        var ready = list.filter(function (entry) { return entry.atMs <= world.nowMs; });
        for (var i = 0; i < ready.length; i++) {
            list.splice(list.indexOf(ready[i]), 1);
            run(ready[i]);
        }
    }

    function play() {
        var transport = world.transport;
        if (!transport.playing) {
            return;
        }
        var before = transport.ppq;
        transport.ppq += STEP_MS * transport.bpm / 60000;
        reachQueued(transport.ppq);
        if (transport.looping && before < transport.loopEnd && transport.ppq >= transport.loopEnd) {
            transport.ppq += transport.loopStart - transport.loopEnd;
        }
    }

    function reachQueued(ppq) {
        for (var t = 0; t < world.tracks.length; t++) {
            for (var i = 0; i < world.tracks[t].slots.length; i++) {
                var at = world.tracks[t].slots[i];
                if (at.queued !== null && ppq >= at.queued - 1e-9) {
                    world.plays.push({slot: i, ppq: at.queued, path: at.clip ? at.clip.path : null});
                    at.queued = null;
                }
            }
        }
    }

    // -------------------------------------------------------- what a test does

    var commands = {
        advance: function (asked) { advance(asked.ms); },
        transport: function (asked) {
            for (var field in asked.values) {
                world.transport[field] = asked.values[field];
            }
        },
        setting: function (asked) { world.kept[asked.label] = asked.value; },
        press: function (asked) { press(asked.label); },
        remote: function (asked) {
            world.tracks[1].remotes[asked.index] = {name: asked.name, value: asked.value, mapped: true};
        },
        track: function (asked) {
            world.tracks[asked.index].name = asked.name;
            world.tracks[asked.index].kind = asked.kind || "audio";
        },
        clip: function (asked) {
            world.tracks[1].slots[asked.slot].clip = asked.name === null ? null :
                {name: asked.name, path: null};
        },
        world: function (asked) { world[asked.field] = asked.value; },
        state: function () { return state(); }
    };

    function state() {
        return {
            phase: script ? script.phase : "none", error: script ? script.error : null,
            open: script ? script.sockets.filter(function (socket) { return socket.open; }).length : 0,
            nowMs: world.nowMs, connections: world.connections, transport: world.transport, kept: world.kept,
            status: world.status, popups: world.popups, log: world.log, launches: world.launches,
            plays: world.plays, sent: world.sent,
            slots: world.tracks[1].slots.map(function (at) { return at.clip; })
        };
    }

    return {begin: begin, init: init, exit: exit, end: end, world: world,
        command: function (asked) { return commands[asked.op](asked) || {}; }};
}
