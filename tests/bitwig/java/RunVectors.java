import anacrusis.core.Message;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Reads headers as hex, a line each; writes what is in each as JSON, a tab, and the same encoded again; or
 *  `no message`. */
public final class RunVectors {
    private RunVectors() {
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        HexFormat hex = HexFormat.of();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                Map<String, Object> message = Message.decode(hex.parseHex(line));
                System.out.println(json(message) + "\t" + hex.formatHex(Message.encode(message)));
            } catch (IOException error) {
                System.out.println("no message");
            }
        }
    }

    private static String json(Object value) {
        if (value instanceof String text) {
            return quoted(text);
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(RunVectors::json).toList()) + "]";
        }
        if (value instanceof Map<?, ?> map) {
            List<String> parts = map.entrySet().stream()
                    .map(entry -> quoted((String) entry.getKey()) + ":" + json(entry.getValue())).toList();
            return "{" + String.join(",", parts) + "}";
        }
        return String.valueOf(value);
    }

    private static String quoted(String text) {
        StringBuilder made = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            made.append(String.format("\\u%04x", (int) each));
        }
        return made.append('"').toString();
    }
}
