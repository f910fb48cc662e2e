package anacrusis.core;

import java.util.Locale;

/** A parameter that may be a curve. */
record LaneSpec(String name, double minimum, double maximum) {

    /** The parameter that is called as a remote control is; null where there is none. Case, spaces and signs
     *  do not count. */
    static LaneSpec of(String remote) {
        String key = plain(remote);
        for (LaneSpec spec : Protocol.LANES) {
            if (plain(spec.name()).equals(key)) {
                return spec;
            }
        }
        return null;
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }
}
