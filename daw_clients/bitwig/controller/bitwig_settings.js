// What the user sets, in Bitwig's own panels. Made in `init`.
//
// The project keeps what belongs to the song (Studio I/O panel); Bitwig's preferences keep what belongs
// to this machine (Settings > Controllers). The status is there too: what is written into the project
// marks it as changed.

var PROJECT_PANEL = "Anacrusis";
var MACHINE_PANEL = "Engine";
var TOKEN_CHARACTERS = 256;
var STATUS_CHARACTERS = 200;
var NAME_CHARACTERS = 64;
/** Four names, and what is between them. */
var LORAS_CHARACTERS = 4 * (NAME_CHARACTERS + 2);
var MOST_REPEAT = 256;
var MOST_BARS_AHEAD = 4;

/** @constructor */
function BitwigSettings() {
    var project = host.getDocumentState(), machine = host.getPreferences();
    this.prompt = project.getStringSetting("Prompt", PROJECT_PANEL, PROTOCOL.PROMPT_CHARACTERS, "");
    this.seed = project.getNumberSetting("Seed", PROJECT_PANEL, 0, PROTOCOL.MAX_SEED, 1, "", 0);
    this.loras = project.getStringSetting("LoRAs", PROJECT_PANEL, LORAS_CHARACTERS, "");
    this.source = project.getStringSetting("Source", PROJECT_PANEL, NAME_CHARACTERS, "");
    this.repeatBars = project.getNumberSetting("Source repeats every", PROJECT_PANEL, 0, MOST_REPEAT,
        1, "bars", 0);
    this.follow = project.getEnumSetting("Follow", PROJECT_PANEL, ["off", "on"], "on");
    this.renderButton = project.getSignalSetting("Loop into slots", PROJECT_PANEL, "Render");
    this.token = machine.getStringSetting("Token", MACHINE_PANEL, TOKEN_CHARACTERS, "");
    this.tcpPort = machine.getNumberSetting("Port", MACHINE_PANEL, 1, 65535, 1, "",
        PROTOCOL.GATEWAY_PORT);
    this.barsAhead = machine.getNumberSetting("Bars ahead", MACHINE_PANEL, 1, MOST_BARS_AHEAD, 1,
        "bars", 2);
    this.statusText = machine.getStringSetting("Status", MACHINE_PANEL, STATUS_CHARACTERS, "");
    var read = [this.prompt, this.seed, this.loras, this.source, this.repeatBars, this.follow,
        this.token, this.tcpPort, this.barsAhead];
    for (var i = 0; i < read.length; i++) {
        read[i].markInterested();
    }
}

/** @returns {SettingValues} */
BitwigSettings.prototype.read = function () {
    return {
        prompt: String(this.prompt.get()),
        seed: Math.round(this.seed.getRaw()),
        loras: String(this.loras.get()),
        source: String(this.source.get()).trim(),
        repeatBars: Math.round(this.repeatBars.getRaw()),
        follow: String(this.follow.get()) === "on",
        token: String(this.token.get()).trim(),
        tcpPort: Math.round(this.tcpPort.getRaw()),
        barsAhead: Math.round(this.barsAhead.getRaw())
    };
};

/** @param {string} words */
BitwigSettings.prototype.status = function (words) {
    this.statusText.set(words.slice(0, STATUS_CHARACTERS));
};
