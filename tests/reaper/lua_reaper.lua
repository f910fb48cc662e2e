-- A REAPER for Lua scripts: a few functions over a table, held to REAPER's rules.
-- Run: lua lua_reaper.lua SCRIPT SITUATION; prints what became of it as lines "key value".

local script, situation = arg[1], arg[2]
local world = dofile(situation)
local deferred, undo, refresh, clock, executed = {}, 0, 0, 0, {}
local tracks, steps, saved, commands = world.tracks or {}, {}, {}, {}
local state = world.state or {}

local function out(key, value) print(key .. " " .. tostring(value):gsub("\n", "\\n")) end

-- the functions that the script may call; any other is an error, as in REAPER
local api = {}
function api.ShowConsoleMsg(text) assert(type(text) == "string"); out("console", (text:gsub("\n$", ""))) end
function api.get_action_context() return true, script, 0, 0, 0, 0, 0 end
function api.time_precise() return clock end
function api.defer(call) assert(type(call) == "function"); deferred[#deferred + 1] = call end
function api.GetSet_LoopTimeRange2(_, set, loop) assert(not set and not loop); return world.from, world.to end
function api.TimeMap2_timeToBeats(_, t)
  local bar = math.floor(t / world.bar_s)
  return t % world.bar_s, bar, 4, t * 2, 4
end
function api.CountSelectedMediaItems() return world.item and 1 or 0 end
function api.GetSelectedMediaItem() return world.item end
function api.GetActiveTake(item) return item.take end
function api.TakeIsMIDI(take) return take.midi or false end
function api.GetMediaItemTake_Source(take) return take.source end
function api.GetMediaSourceFileName(source) return source.file end
function api.GetMediaItemTakeInfo_Value(take, name) return assert(take[name], name) end
function api.GetMediaItemInfo_Value(item, name) return assert(item[name], name) end
function api.GetProjExtState(_, section, key)
  local found = state[section .. "/" .. key] or ""
  return #found, found
end
function api.SetProjExtState(_, section, key, value) state[section .. "/" .. key] = value; out("state", value) end
function api.GetUserInputs(title, count, captions, values)
  out("dialog", values)
  if not world.typed then return false, values end
  return true, world.typed
end
function api.GetProjectPathEx() return world.media end
function api.RecursiveCreateDirectory(path) os.execute('mkdir -p "' .. path .. '"') return 1 end
function api.Main_SaveProjectEx(_, path, options)
  assert(options == 0)
  local file = assert(io.open(path, "wb"))
  file:write(world.rpp)
  file:close()
  saved[#saved + 1] = path
end
function api.EnumProjects(index) assert(index == -1); return world.project, world.media end
function api.ExecProcess(command, timeout)
  assert(timeout == -1, "REAPER would hang until the render is done")
  out("exec", command)
  executed[#executed + 1] = command
  if world.broken then return nil end
  return "0\n"
end
function api.Undo_BeginBlock2() undo = undo + 1 end
function api.Undo_EndBlock2(_, name, flags) undo = undo - 1; steps[#steps + 1] = name; assert(flags == -1) end
function api.PreventUIRefresh(change) refresh = refresh + change end
function api.CountTracks() return #tracks end
function api.InsertTrackAtIndex(index) table.insert(tracks, index + 1, { name = "", items = {} }) end
function api.GetTrack(_, index) return tracks[index + 1] end
function api.GetSetMediaTrackInfo_String(track, name, value, set) assert(name == "P_NAME" and set); track.name = value end
function api.AddMediaItemToTrack(track)
  local item = { D_FADEINLEN = 0.01, D_FADEOUTLEN = 0.01, C_BEATATTACHMODE = -1, B_LOOPSRC = 1 }
  track.items[#track.items + 1] = item
  return item
end
function api.AddTakeToMediaItem(item) item.take = {} return item.take end
function api.PCM_Source_CreateFromFile(path) assert(io.open(path, "rb")):close() return { file = path } end
function api.SetMediaItemTake_Source(take, source) take.source = source end
function api.SetMediaItemPosition(item, at) item.position = at end
function api.SetMediaItemLength(item, length) item.length = length end
function api.SetMediaItemInfo_Value(item, name, value) item[name] = value end
function api.GetSetMediaItemTakeInfo_String(take, name, value, set) assert(name == "P_NAME" and set); take.name = value end
function api.UpdateItemInProject() end
function api.UpdateArrange() end
function api.Main_OnCommand(command) commands[#commands + 1] = command end

reaper = setmetatable(api, { __index = function(_, name) error("REAPER has no function " .. name, 2) end })

local function check()
  assert(undo == 0, "an undo block was left open")
  assert(refresh == 0, "the refresh lock was left on")
end

dofile(script)
check()
for _ = 1, world.ticks or 0 do
  clock = clock + (world.tick_s or 1)
  -- the answer is made once the script waits for it, by whoever plays the command
  if world.work and executed[1] then
    local work = world.work
    world.work = nil
    assert(os.execute(work .. " '" .. executed[1]:match('"([^"]+)"$') .. "' > /dev/null 2>&1"))
  end
  if world.later then world.later() end
  local due = deferred
  deferred = {}
  for _, call in ipairs(due) do call() end
  check()
end
out("waiting", #deferred)
for _, track in ipairs(tracks) do
  out("track", track.name)
  for _, item in ipairs(track.items) do
    out("item", string.format("%.17g %.17g %s %s", item.position, item.length, item.take.name, item.take.source.file))
    out("fades", string.format("%g %g %g %g", item.D_FADEINLEN, item.D_FADEOUTLEN, item.C_BEATATTACHMODE, item.B_LOOPSRC))
  end
end
for _, step in ipairs(steps) do out("undo", step) end
