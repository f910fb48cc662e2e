package anacrusis.bitwig;

import anacrusis.core.HostPort.HostSettings;
import anacrusis.core.Protocol;
import com.bitwig.extension.controller.api.ControllerHost;
import com.bitwig.extension.controller.api.DocumentState;
import com.bitwig.extension.controller.api.Preferences;
import com.bitwig.extension.controller.api.SettableEnumValue;
import com.bitwig.extension.controller.api.SettableRangedValue;
import com.bitwig.extension.controller.api.SettableStringValue;

/**
 * What the user sets, in Bitwig's own panels.
 *
 * <p>The project keeps what belongs to the song; Bitwig's preferences keep what belongs to this machine. The
 * status is there too: what is written into the project marks it as changed.
 */
final class BitwigSettings {
    private static final String PROJECT_PANEL = "Anacrusis";
    private static final String MACHINE_PANEL = "Engine";
    private static final int ENGINE_PORT = 5317;
    private static final int STATUS_CHARACTERS = 200;
    private static final int NAME_CHARACTERS = 64;
    /** Four names, and what is between them. */
    private static final int LORAS_CHARACTERS = 4 * (NAME_CHARACTERS + 2);
    private static final int MOST_REPEAT = 256;
    private static final int MOST_BARS_AHEAD = 4;

    private final SettableStringValue prompt;
    private final SettableRangedValue seed;
    private final SettableStringValue loras;
    private final SettableStringValue source;
    private final SettableRangedValue repeatBars;
    private final SettableEnumValue follow;
    private final SettableRangedValue port;
    private final SettableRangedValue barsAhead;
    private final SettableStringValue status;

    BitwigSettings(ControllerHost host) {
        DocumentState project = host.getDocumentState();
        Preferences machine = host.getPreferences();
        prompt = project.getStringSetting("Prompt", PROJECT_PANEL, Protocol.PROMPT_CHARACTERS, "");
        seed = project.getNumberSetting("Seed", PROJECT_PANEL, 0, Protocol.MAX_SEED, 1, "", 0);
        loras = project.getStringSetting("LoRAs", PROJECT_PANEL, LORAS_CHARACTERS, "");
        source = project.getStringSetting("Source", PROJECT_PANEL, NAME_CHARACTERS, "");
        repeatBars = project.getNumberSetting("Source repeats every", PROJECT_PANEL, 0, MOST_REPEAT, 1, "bars", 0);
        follow = project.getEnumSetting("Follow", PROJECT_PANEL, new String[] {"off", "on"}, "on");
        port = machine.getNumberSetting("Port", MACHINE_PANEL, 1, 65_535, 1, "", ENGINE_PORT);
        barsAhead = machine.getNumberSetting("Bars ahead", MACHINE_PANEL, 1, MOST_BARS_AHEAD, 1, "bars", 2);
        status = machine.getStringSetting("Status", MACHINE_PANEL, STATUS_CHARACTERS, "");
        prompt.markInterested();
        seed.markInterested();
        loras.markInterested();
        source.markInterested();
        repeatBars.markInterested();
        follow.markInterested();
        port.markInterested();
        barsAhead.markInterested();
    }

    HostSettings read() {
        return new HostSettings(prompt.get(), Math.round(seed.getRaw()), loras.get(), source.get().trim(),
                (int) Math.round(repeatBars.getRaw()), follow.get().equals("on"),
                (int) Math.round(port.getRaw()), (int) Math.round(barsAhead.getRaw()));
    }

    void status(String words) {
        status.set(words.substring(0, Math.min(words.length(), STATUS_CHARACTERS)));
    }
}
