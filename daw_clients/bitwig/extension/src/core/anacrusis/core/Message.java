package anacrusis.core;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePackException;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.ValueType;

/**
 * A message's header: a map, in the order in which it was put together.
 *
 * <p>Values are Boolean, Long (or Integer), Double, String, List, Map and null. Any thread.
 */
public final class Message {
    private static final int DEEPEST = 32;

    private Message() {
    }

    /** A header with its type. */
    public static Map<String, Object> of(String type) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("type", type);
        return made;
    }

    /** Smallest MessagePack forms; a Double is always a float64. */
    public static byte[] encode(Map<String, Object> message) {
        try (MessageBufferPacker packer = MessagePack.newDefaultBufferPacker()) {
            pack(packer, message);
            return packer.toByteArray();
        } catch (IOException error) {
            throw new IllegalStateException(error);  // it is written to memory
        }
    }

    /** The header in the bytes. IOException where they are no map with words as keys, on any bytes. */
    public static Map<String, Object> decode(byte[] bytes) throws IOException {
        try (MessageUnpacker unpacker = MessagePack.newDefaultUnpacker(bytes)) {
            if (unpacker.getNextFormat().getValueType() != ValueType.MAP) {
                throw new IOException("no message: it is no map");
            }
            Map<String, Object> read = map(unpacker, bytes.length, DEEPEST);
            if (unpacker.hasNext()) {
                throw new IOException("no message: more follows");
            }
            return read;
        } catch (MessagePackException error) {
            throw new IOException("no message: " + error, error);
        }
    }

    /** A whole number of a header; 0 where there is none. */
    public static long number(Map<String, Object> message, String field) {
        return message.get(field) instanceof Number number ? number.longValue() : 0;
    }

    /** A word of a header; empty where there is none. */
    public static String text(Map<String, Object> message, String field) {
        return message.get(field) instanceof String text ? text : "";
    }

    private static void pack(MessageBufferPacker packer, Object value) throws IOException {
        if (value == null) {
            packer.packNil();
        } else if (value instanceof Boolean flag) {
            packer.packBoolean(flag);
        } else if (value instanceof Double real) {
            packer.packDouble(real);
        } else if (value instanceof Number whole) {
            packer.packLong(whole.longValue());
        } else if (value instanceof String text) {
            packer.packString(text);
        } else if (value instanceof List<?> list) {
            packer.packArrayHeader(list.size());
            for (Object item : list) {
                pack(packer, item);
            }
        } else if (value instanceof Map<?, ?> map) {
            packer.packMapHeader(map.size());
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                packer.packString((String) entry.getKey());
                pack(packer, entry.getValue());
            }
        } else {
            throw new IllegalArgumentException("a message holds no " + value.getClass());
        }
    }

    private static Object plain(MessageUnpacker unpacker, int bytes, int depth) throws IOException {
        return switch (unpacker.getNextFormat().getValueType()) {
            case NIL -> {
                unpacker.unpackNil();
                yield null;
            }
            case BOOLEAN -> unpacker.unpackBoolean();
            case INTEGER -> unpacker.unpackLong();
            case FLOAT -> unpacker.unpackDouble();
            case STRING -> unpacker.unpackString();
            case ARRAY -> list(unpacker, bytes, depth - 1);
            case MAP -> map(unpacker, bytes, depth - 1);
            default -> throw new IOException("no message: it holds more than a header does");
        };
    }

    private static List<Object> list(MessageUnpacker unpacker, int bytes, int depth) throws IOException {
        int count = unpacker.unpackArrayHeader();
        check(unpacker, count, bytes, depth);
        List<Object> made = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            made.add(plain(unpacker, bytes, depth));
        }
        return made;
    }

    private static Map<String, Object> map(MessageUnpacker unpacker, int bytes, int depth) throws IOException {
        int count = unpacker.unpackMapHeader();
        check(unpacker, count, bytes, depth);
        Map<String, Object> made = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String key = unpacker.unpackString();
            made.put(key, plain(unpacker, bytes, depth));
        }
        return made;
    }

    /** No count is believed that the bytes left can't hold. */
    private static void check(MessageUnpacker unpacker, int count, int bytes, int depth) throws IOException {
        if (count > bytes - unpacker.getTotalReadBytes() || depth < 0) {
            throw new IOException("no message: it is cut off, or too deep");
        }
    }
}
