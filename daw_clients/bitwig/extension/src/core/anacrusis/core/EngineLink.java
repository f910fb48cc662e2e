package anacrusis.core;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.zeromq.ZMQ;

/**
 * The way to the engine: one ZeroMQ session at a time, made again whenever it falls silent. Never waits; one
 * thread.
 */
final class EngineLink {
    private static final int MAGIC_FRAME = 0;
    private static final int HEADER_FRAME = 1;
    private static final long RETRY_MS = 2000;
    /** When to say that nobody answers; the hello goes out as soon as somebody is there. */
    private static final long NOBODY_MS = 3000;
    /** The engine gives a sign of life 4 times a second. */
    private static final long SILENCE_MS = 5000;
    /** The host waits for so long at most when it ends. */
    private static final long GOODBYE_MS = 200;
    private static final int HIGH_WATER = 256;

    enum State { WAITING, GREETING, READY, REFUSED, CLOSED }

    /** Who is told of the session, from within {@link #tick}. */
    interface User {
        void onReady(Map<String, Object> welcome);

        void onGone();

        void onMessage(Map<String, Object> message, byte[] payload);
    }

    private final User user;
    private final Map<String, Object> hello;
    private final Map<Long, Consumer<Map<String, Object>>> pending = new HashMap<>();
    private final ZMQ.Context context = ZMQ.context(1);
    private ZMQ.Socket socket;
    private State state = State.WAITING;
    private String words = "";
    private int port;
    private long nowMs;
    private long sinceMs;
    private long retryMs;
    private long seq;

    EngineLink(User user, Map<String, Object> hello) {
        this.user = user;
        this.hello = hello;
    }

    boolean ready() {
        return state == State.READY;
    }

    /** What there is to say where it is not ready. */
    String words() {
        return words;
    }

    /** Another place: whatever was, it is tried anew. */
    void use(int newPort) {
        if (newPort != port) {
            port = newPort;
            drop(State.WAITING, "");
            retryMs = nowMs;
        }
    }

    /** Takes what came, and goes on with what is due. */
    void tick(long now) {
        nowMs = now;
        receive();
        if (state == State.WAITING && now >= retryMs) {
            open();
        } else if (state == State.GREETING && now - sinceMs > NOBODY_MS) {
            words = "no engine at port " + port + ": run `anacrusis serve`";
        } else if (state == State.READY && now - sinceMs > SILENCE_MS) {
            drop(State.WAITING, "the engine says nothing; connecting anew");
        }
    }

    /** Sends a message that is answered. */
    void ask(Map<String, Object> message, Consumer<Map<String, Object>> onReply) {
        message.put("seq", ++seq);
        pending.put(seq, onReply);
        send(message);
    }

    /** Sends a message that has no answer where all is well. */
    void send(Map<String, Object> message) {
        if (socket != null) {
            socket.send(Protocol.magic(), ZMQ.SNDMORE | ZMQ.DONTWAIT);
            socket.send(Message.encode(message), ZMQ.DONTWAIT);
        }
    }

    /** The end: nothing happens afterwards. */
    void close() {
        if (ready()) {
            socket.setLinger(GOODBYE_MS);
            send(Message.of("bye"));
        }
        drop(State.CLOSED, "");
        context.term();
    }

    private void open() {
        state = State.GREETING;
        sinceMs = nowMs;
        socket = context.socket(ZMQ.DEALER);
        socket.setLinger(0);
        socket.setSndHWM(HIGH_WATER);
        socket.setRcvHWM(HIGH_WATER);
        socket.connect("tcp://127.0.0.1:" + port);
        ask(new HashMap<>(hello), this::greeted);
    }

    private void greeted(Map<String, Object> reply) {
        if (Message.text(reply, "type").equals("welcome")) {
            state = State.READY;
            words = "";
            user.onReady(reply);
        } else {
            drop(State.REFUSED, Message.text(reply, "message"));
        }
    }

    private void receive() {
        while (socket != null) {
            byte[] magic = socket.recv(ZMQ.DONTWAIT);
            if (magic == null) {
                return;
            }
            byte[][] frames = {magic, next(), next()};
            while (next() != null) {
                continue;  // more frames than a message has
            }
            sinceMs = nowMs;
            take(frames);
        }
    }

    private byte[] next() {
        return socket.hasReceiveMore() ? socket.recv(ZMQ.DONTWAIT) : null;
    }

    private void take(byte[][] frames) {
        if (!Arrays.equals(frames[MAGIC_FRAME], Protocol.magic()) || frames[HEADER_FRAME] == null) {
            drop(State.WAITING, "what answers at port " + port + " is no engine");
            return;
        }
        try {
            told(Message.decode(frames[HEADER_FRAME]), frames[2] == null ? new byte[0] : frames[2]);
        } catch (IOException error) {
            drop(State.WAITING, "what answers at port " + port + " is no engine");
        }
    }

    private void told(Map<String, Object> message, byte[] payload) {
        Consumer<Map<String, Object>> onReply = pending.remove(Message.number(message, "re"));
        if (onReply != null) {
            onReply.accept(message);
        } else if (Message.text(message, "code").equals(Protocol.NOT_GREETED)) {
            drop(State.WAITING, "the engine was started again");
        } else if (ready()) {
            user.onMessage(message, payload);
        }
    }

    private void drop(State next, String why) {
        boolean was = ready();
        if (socket != null) {
            socket.close();
            socket = null;
        }
        pending.clear();
        state = next;
        words = why;
        retryMs = nowMs + RETRY_MS;
        if (was) {
            user.onGone();
        }
    }
}
