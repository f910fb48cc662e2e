// Runs a controller script in node, in a realm that has what ES5 has and nothing else, on the host double.
// One JSON object a line comes in, one goes out. node run_in_node.js FOLDER

"use strict";

const fs = require("fs");
const net = require("net");
const path = require("path");
const readline = require("readline");
const vm = require("vm");

const makeDouble = vm.runInThisContext(
    fs.readFileSync(path.join(__dirname, "host_double.js"), "utf8") + "; makeDouble");
const platform = {isFile: (name) => fs.existsSync(name) && fs.statSync(name).isFile(), connect};
let double = makeDouble(platform);
const es5 = require("./es5_names.json");
let waiting = null;

/** Wakes who waits for something to come from outside. */
function happened() {
    if (waiting) waiting();
}

function connect(host, port, handlers) {
    const socket = net.connect(port, host);
    socket.on("connect", () => { handlers.opened(); happened(); });
    socket.on("data", (data) => { handlers.bytes(Array.from(new Int8Array(data))); happened(); });
    socket.on("close", () => { handlers.closed(); happened(); });
    socket.on("error", () => {});
    return {
        write: (bytes) => socket.write(Buffer.from(Int8Array.from(bytes).buffer)),
        close: () => socket.destroy(),
    };
}

/** A realm of ES5: everything later is taken out. */
function realm() {
    const context = vm.createContext(Object.create(null));
    const globals = vm.runInContext("this", context);
    for (const name of Object.getOwnPropertyNames(globals)) {
        if (!(name in es5)) delete globals[name];
    }
    for (const [name, members] of Object.entries(es5)) {
        if (members) strip(globals[name], members.own, members.prototype);
    }
    return context;
}

function strip(holder, own, ofPrototype) {
    keepOnly(holder, own);
    if (holder.prototype) keepOnly(holder.prototype, ofPrototype);
}

function keepOnly(holder, names) {
    for (const [name, entry] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
        if (!names.includes(name) && entry.configurable) delete holder[name];
    }
}

let context = null;

function start(folder, source) {
    context = realm();
    const globals = double.begin();
    globals.load = (name) => run(folder, name);
    Object.assign(context, globals);
    vm.runInContext("(function (now) { Date = function Date() { this.getTime = now; }; })", context)(
        () => double.world.nowMs);
    if (source) vm.runInContext(source, context);
    else run(folder, "Anacrusis.control.js");
    double.init(() => vm.runInContext("init()", context));
}

function run(folder, name) {
    vm.runInContext(fs.readFileSync(path.join(folder, name), "utf8"), context, {filename: name});
}

/** Until something comes from outside, or for so long. */
function settle(ms) {
    return new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done() {
            clearTimeout(timer);
            waiting = null;
            resolve({});
        }
        waiting = done;
    });
}

async function play(ms) {
    const begun = process.hrtime.bigint();
    for (let done = 0; done < ms; done += 10) {
        double.command({op: "advance", ms: 10});
        const lead = done + 10 - Number(process.hrtime.bigint() - begun) / 1e6;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, lead)));
    }
    return {};
}

async function obey(asked) {
    switch (asked.op) {
    case "new":
        double.end();
        double = makeDouble(platform);
        return {};
    case "start": start(asked.folder, asked.source); return {};
    case "exit": return double.exit(() => vm.runInContext("exit()", context));
    case "kill": double.end(); return {};
    case "eval": return {value: vm.runInContext(asked.code, context)};
    case "settle": return settle(asked.ms);
    case "play": return play(asked.ms);
    default: return double.command(asked);
    }
}

(async () => {
    for await (const line of readline.createInterface({input: process.stdin})) {
        let answer;
        try {
            answer = await obey(JSON.parse(line));
        } catch (error) {
            answer = {failed: String(error && error.message || error)};
        }
        process.stdout.write(JSON.stringify(answer) + "\n");
    }
    process.exit(0);
})();
