import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.mozilla.javascript.BaseFunction;
import org.mozilla.javascript.Callable;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Function;
import org.mozilla.javascript.NativeJSON;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;

/** host_double.js in Rhino, driven as run_in_node.js is: one JSON object a line in, one out. */
abstract class DoubleInRhino {
    private static final int STEP_MS = 10;

    final Context context = Context.enter();
    final ScriptableObject own;
    private final Scriptable platform;
    Scriptable doubled;

    interface Work {
        Object of(Object[] given);
    }

    DoubleInRhino(Path folder) throws IOException {
        context.setLanguageVersion(Context.VERSION_1_8);
        context.setOptimizationLevel(-1);
        own = context.initStandardObjects();
        run(own, folder.resolve("host_double.js"));
        platform = context.newObject(own);
        put(platform, "isFile", given -> Files.isRegularFile(Path.of(Context.toString(given[0]))));
        put(platform, "connect", given -> connect((int) Context.toNumber(given[1]), (Scriptable) given[2]));
        doubled = (Scriptable) call(own, "makeDouble", platform);
    }

    /** Begins a life of what is tested. */
    abstract void start(Scriptable asked) throws IOException;

    /** What it does when the host says that it ends. */
    abstract Work exit();

    /** Waits for something from outside, for so long at most. */
    abstract void settle(long ms) throws InterruptedException;

    /** A socket for a script. */
    abstract Object connect(int port, Scriptable handlers);

    final void serve() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Object answer;
            try {
                answer = obey((Scriptable) parsed(line));
            } catch (RuntimeException | IOException error) {
                answer = context.newObject(own);
                ScriptableObject.putProperty((Scriptable) answer, "failed", String.valueOf(error));
            }
            Object told = answer instanceof Scriptable ? answer : context.newObject(own);
            System.out.println(NativeJSON.stringify(context, own, told, null, ""));
        }
        System.exit(0);
    }

    private Object obey(Scriptable asked) throws IOException, InterruptedException {
        settle(0);
        switch (text(asked, "op")) {
            case "new":
                call(doubled, "end");
                doubled = (Scriptable) call(own, "makeDouble", platform);
                return null;
            case "start":
                start(asked);
                return null;
            case "exit":
                return call(doubled, "exit", function(exit()));
            case "kill":
                return call(doubled, "end");
            case "eval":
                return evaluated(text(asked, "code"));
            case "settle":
                settle((long) number(asked, "ms"));
                return null;
            case "play":
                play(number(asked, "ms"));
                return null;
            default:
                return call(doubled, "command", asked);
        }
    }

    Object evaluated(String code) {
        throw new UnsupportedOperationException(code);
    }

    private void play(double ms) throws InterruptedException {
        Object step = parsed("{\"op\":\"advance\",\"ms\":" + STEP_MS + "}");
        long begun = System.nanoTime();
        for (int done = STEP_MS; done <= ms; done += STEP_MS) {
            call(doubled, "command", step);
            long end = begun + done * 1_000_000L;
            do {
                settle(Math.max(0, (end - System.nanoTime()) / 1_000_000));
            } while (System.nanoTime() < end);
        }
    }

    // ------------------------------------------------------------ Rhino

    final void put(Scriptable holder, String name, Work work) {
        ScriptableObject.putProperty(holder, name, function(work));
    }

    final Function function(Work work) {
        return new BaseFunction(own, ScriptableObject.getFunctionPrototype(own)) {
            @Override
            public Object call(Context cx, Scriptable scope, Scriptable self, Object[] given) {
                return work.of(given);
            }
        };
    }

    final Object run(Scriptable scope, Path file) {
        try {
            String source = Files.readString(file);
            return context.evaluateString(scope, source, file.getFileName().toString(), 1, null);
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    final Object call(Scriptable holder, String name, Object... given) {
        Object found = ScriptableObject.getProperty(holder, name);
        if (!(found instanceof Function function)) {
            throw new IllegalStateException("the double has no " + name);
        }
        return function.call(context, own, holder, given);
    }

    private Object parsed(String text) {
        Callable identity = (cx, scope, self, given) -> given[1];
        return NativeJSON.parse(context, own, text, identity);
    }

    static String text(Scriptable holder, String name) {
        return Context.toString(ScriptableObject.getProperty(holder, name));
    }

    static double number(Scriptable holder, String name) {
        return Context.toNumber(ScriptableObject.getProperty(holder, name));
    }
}
