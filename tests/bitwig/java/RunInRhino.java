import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Function;
import org.mozilla.javascript.NativeArray;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;
import org.mozilla.javascript.Undefined;

/** Runs a controller script in Rhino on the double. RunInRhino FOLDER_OF_THE_DOUBLE */
public final class RunInRhino extends DoubleInRhino {
    private final LinkedBlockingQueue<Runnable> outside = new LinkedBlockingQueue<>();
    private ScriptableObject script;

    public static void main(String[] arguments) throws Exception {
        new RunInRhino(Path.of(arguments[0])).serve();
    }

    private RunInRhino(Path folder) throws IOException {
        super(folder);
    }

    /** A scope of its own without Java in it. */
    @Override
    void start(Scriptable asked) {
        Path folder = Path.of(text(asked, "folder"));
        Object source = ScriptableObject.getProperty(asked, "source");
        script = context.initSafeStandardObjects();
        Scriptable globals = (Scriptable) call(doubled, "begin");
        for (Object name : globals.getIds()) {
            Object global = ScriptableObject.getProperty(globals, name.toString());
            ScriptableObject.putProperty(script, name.toString(), global);
        }
        put(script, "load", given -> run(script, folder.resolve(Context.toString(given[0]))));
        Scriptable world = (Scriptable) ScriptableObject.getProperty(doubled, "world");
        put(script, "hostNow", given -> ScriptableObject.getProperty(world, "nowMs"));
        evaluate("Date = function () { this.getTime = hostNow; };");
        if (source instanceof CharSequence) {
            evaluate(source.toString());
        } else {
            run(script, folder.resolve("Anacrusis.control.js"));
        }
        call(doubled, "init", ScriptableObject.getProperty(script, "init"));
    }

    @Override
    Work exit() {
        return given -> ((Function) ScriptableObject.getProperty(script, "exit"))
                .call(context, script, script, given);
    }

    @Override
    Object evaluated(String code) {
        Scriptable answer = context.newObject(own);
        ScriptableObject.putProperty(answer, "value", evaluate(code));
        return answer;
    }

    private Object evaluate(String code) {
        return context.evaluateString(script, code, "test", 1, null);
    }

    /** Runs what came from the sockets; waits for the first of it. */
    @Override
    void settle(long ms) throws InterruptedException {
        for (Runnable came = outside.poll(ms, TimeUnit.MILLISECONDS); came != null; came = outside.poll()) {
            came.run();
        }
    }

    // ------------------------------------------------------------ sockets

    /** Threads read; what they read is told on the script's own thread. */
    @Override
    Object connect(int port, Scriptable handlers) {
        Wire wire = new Wire();
        Thread reader = new Thread(() -> read(port, wire, handlers));
        reader.setDaemon(true);
        reader.start();
        Scriptable made = context.newObject(own);
        put(made, "write", given -> wire.write((NativeArray) given[0]));
        put(made, "close", given -> wire.close());
        return made;
    }

    private void read(int port, Wire wire, Scriptable handlers) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            wire.socket = socket;
            outside.add(() -> call(handlers, "opened"));
            byte[] buffer = new byte[65_536];
            for (int count = socket.getInputStream().read(buffer); count > 0;
                    count = socket.getInputStream().read(buffer)) {
                Object[] bytes = new Object[count];
                for (int i = 0; i < count; i++) {
                    bytes[i] = (int) buffer[i];
                }
                outside.add(() -> call(handlers, "bytes", context.newArray(own, bytes)));
            }
        } catch (IOException error) {
            // refused, or ended by the other side: the double says what comes of it
        }
        outside.add(() -> call(handlers, "closed"));
    }

    private static final class Wire {
        private volatile Socket socket;

        Object write(NativeArray given) {
            byte[] bytes = new byte[(int) given.getLength()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) Context.toNumber(given.get(i));
            }
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException error) {
                throw Context.throwAsScriptRuntimeEx(error);
            }
            return Undefined.instance;
        }

        Object close() {
            try {
                if (socket != null) {
                    socket.close();
                }
            } catch (IOException error) {
                // it is closed
            }
            return Undefined.instance;
        }
    }
}
