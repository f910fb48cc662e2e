package anacrusis.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The field for LoRAs: names between commas, place by place; {@code , tape} is one in place 2. */
final class LoraNames {
    private static final int PLACES = 4;
    /** A name as the engine's library has them, and blanks around it. */
    private static final Pattern NAME = Pattern.compile("[ \\t\\r\\n]*([0-9A-Za-z_.-]{0,64})[ \\t\\r\\n]*");

    private LoraNames() {
    }

    /** The name in each place, empty where there is none; null where it is no such list. */
    static List<String> of(String text) {
        List<String> names = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Matcher found = NAME.matcher(part);
            if (!found.matches() || (names.size() >= PLACES && !found.group(1).isEmpty())) {
                return null;
            }
            names.add(found.group(1));
        }
        names.addAll(none());
        return names.subList(0, PLACES);
    }

    /** No name in any place. */
    static List<String> none() {
        return new ArrayList<>(Collections.nCopies(PLACES, ""));
    }
}
