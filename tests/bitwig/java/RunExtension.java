import anacrusis.bitwig.AnacrusisExtensionDefinition;
import com.bitwig.extension.ExtensionDefinition;
import com.bitwig.extension.controller.ControllerExtension;
import com.bitwig.extension.controller.api.ClipLauncherSlot;
import com.bitwig.extension.controller.api.ClipLauncherSlotBank;
import com.bitwig.extension.controller.api.ControllerHost;
import com.bitwig.extension.controller.api.Device;
import com.bitwig.extension.controller.api.DeviceBank;
import com.bitwig.extension.controller.api.Track;
import com.bitwig.extension.controller.api.TrackBank;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;
import org.mozilla.javascript.Undefined;

/**
 * Runs the extension, as it is in its jar, on the double: Bitwig's interfaces are proxies onto the double's
 * objects, with the double's rules. RunExtension FOLDER_OF_THE_DOUBLE FOLDER_FOR_BARS
 */
public final class RunExtension extends DoubleInRhino {
    /** What is in a bank; methods of generics do not say it. */
    private static final Map<Class<?>, Class<?>> ITEMS = Map.of(
            TrackBank.class, Track.class, DeviceBank.class, Device.class,
            ClipLauncherSlotBank.class, ClipLauncherSlot.class);

    private final Path bars;
    private final Map<Object, Scriptable> behind = new IdentityHashMap<>();
    private ControllerExtension extension;

    public static void main(String[] arguments) throws Exception {
        new RunExtension(Path.of(arguments[0]), Path.of(arguments[1])).serve();
    }

    private RunExtension(Path folder, Path bars) throws IOException {
        super(folder);
        this.bars = bars;
        List<String> listed = ServiceLoader.load(ExtensionDefinition.class).stream()
                .map(provider -> provider.get().getClass().getName()).toList();
        if (!listed.equals(List.of(AnacrusisExtensionDefinition.class.getName()))) {
            throw new IllegalStateException("Bitwig would find " + listed);
        }
    }

    @Override
    void start(Scriptable asked) {
        behind.clear();
        Scriptable globals = (Scriptable) call(doubled, "begin");
        Scriptable world = (Scriptable) ScriptableObject.getProperty(doubled, "world");
        var definition = new AnacrusisExtensionDefinition(() -> (long) number(world, "nowMs"), bars);
        Scriptable host = (Scriptable) ScriptableObject.getProperty(globals, "host");
        call(globals, "loadAPI", definition.getRequiredAPIVersion());
        extension = definition.createInstance((ControllerHost) proxy(ControllerHost.class, host));
        call(doubled, "init", function(given -> {
            extension.init();
            return Undefined.instance;
        }));
    }

    @Override
    Work exit() {
        return given -> {
            extension.exit();
            return Undefined.instance;
        };
    }

    /** The extension looks at its own socket. */
    @Override
    void settle(long ms) throws InterruptedException {
        Thread.sleep(ms);
    }

    @Override
    Object connect(int port, Scriptable handlers) {
        throw new UnsupportedOperationException("the extension has its own sockets");
    }

    // ------------------------------------------------------------ Bitwig's interfaces on the double

    private Object proxy(Class<?> type, Scriptable object) {
        Object made = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (self, method, given) -> called(type, object, method, given));
        behind.put(made, object);
        return made;
    }

    private Object called(Class<?> type, Scriptable object, Method method, Object[] given) {
        Object[] arguments = given == null ? new Object[0] : given.clone();
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = toScript(arguments[i]);
        }
        Class<?> wanted = method.getName().equals("getItemAt") ? ITEMS.get(type) : method.getReturnType();
        return fromScript(call(object, method.getName(), arguments), wanted);
    }

    private Object toScript(Object given) {
        if (given instanceof Runnable task) {
            return function(nothing -> {
                task.run();
                return Undefined.instance;
            });
        }
        if (given instanceof String[] words) {
            return context.newArray(own, Arrays.copyOf(words, words.length, Object[].class));
        }
        if (given instanceof Long whole) {
            return whole.doubleValue();
        }
        return behind.containsKey(given) ? behind.get(given) : given;
    }

    private Object fromScript(Object found, Class<?> type) {
        if (type == boolean.class) {
            return Context.toBoolean(found);
        } else if (type == int.class) {
            return (int) Context.toNumber(found);
        } else if (type == double.class) {
            return Context.toNumber(found);
        } else if (type == String.class) {
            return Context.toString(found);
        } else if (type == void.class) {
            return null;
        }
        return proxy(type, (Scriptable) found);
    }
}
