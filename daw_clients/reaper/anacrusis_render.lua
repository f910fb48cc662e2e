-- @noindex
-- @description Anacrusis: Render time selection without Python
-- @about Renders the bars that the time selection touches onto a new track, with Anacrusis' own
--   command. Needs no Python in REAPER and no running engine.

-- A copy of the project, and a request beside it, are left in a folder; `anacrusis reaper drop` reads
-- them and answers with a file. Whatever happens, it answers once.

local SECTION, SETTINGS = "anacrusis", "settings"
local COMMAND_FILE = "anacrusis_command.txt"  -- `anacrusis reaper install` writes it
local START_SECONDS, MOST_SECONDS, LOOK_SECONDS = 90, 3600, 0.5
local NEAR = 0.001  -- seconds from a bar line that count as being on it

local function say(words)
  reaper.ShowConsoleMsg("Anacrusis: " .. words .. "\n")
end

-- ---------------------------------------------------------------- JSON, as much as is needed

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quoted(text)
  local safe = text:gsub('[%c"\\]', function(c)
    return ESCAPES[c] or string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
end

local function encoded(value)
  if type(value) == "table" then
    local names, parts = {}, {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      parts[#parts + 1] = quoted(name) .. ":" .. encoded(value[name])
    end
    return "{" .. table.concat(parts, ",") .. "}"
  elseif type(value) == "string" then
    return quoted(value)
  elseif math.type(value) == "integer" then
    return tostring(value)
  end
  return string.format("%.17g", value)
end

local UNESCAPED = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function unquoted(text)
  -- a pair of surrogates is one character
  text = text:gsub("\\u[dD]([89abAB]%x%x)\\u[dD]([c-fC-F]%x%x)", function(high, low)
    local code = 0x10000 + (tonumber(high, 16) - 0x800) * 0x400 + (tonumber(low, 16) - 0xC00)
    return utf8.char(code)
  end)
  text = text:gsub("\\u(%x%x%x%x)", function(code) return utf8.char(tonumber(code, 16)) end)
  return (text:gsub("\\(.)", function(c) return UNESCAPED[c] or c end))
end

-- The members of a flat object; what is nested is passed over.
local function decoded(text)
  local found, at = {}, 1
  while true do
    local start, stop, name = text:find('"([^"\\]*)"%s*:%s*', at)
    if not start then return found end
    at = stop + 1
    if text:sub(at, at) == '"' then
      local close = at + 1
      while close <= #text and text:sub(close, close) ~= '"' do
        close = close + (text:sub(close, close) == "\\" and 2 or 1)
      end
      found[name] = unquoted(text:sub(at + 1, close - 1))
      at = close + 1
    else
      local word = text:match("^[%w%.%+%-]+", at)
      if word == "true" or word == "false" then
        found[name] = word == "true"
      elseif word then
        found[name] = tonumber(word)
      end
    end
  end
end

-- ---------------------------------------------------------------- files

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  local file = io.open(path, "wb")
  if not file then return false end
  file:write(text)
  file:close()
  return true
end

local function own_folder()
  local _, path = reaper.get_action_context()
  return path:match("^(.*[/\\])") or ""
end

local function command()
  local kept = read(own_folder() .. COMMAND_FILE)
  return kept and kept:match("^%s*(.-)%s*$") or "anacrusis"
end

-- ---------------------------------------------------------------- what is asked for

local function ask(kept)
  local captions =
    "Prompt,Negative prompt,Seed,Bars rendered together,LoRAs,extrawidth=240,separator=|"
  local values = table.concat({
    kept.prompt or "", kept.negative or "", string.format("%d", kept.seed or 0),
    string.format("%d", kept.window_bars or 4), kept.loras or "",
  }, "|")
  local ok, typed = reaper.GetUserInputs("Anacrusis", 5, captions, values)
  if not ok then return nil end
  local fields = {}
  for field in (typed .. "|"):gmatch("([^|]*)|") do fields[#fields + 1] = field end
  local seed, bars = math.tointeger(tonumber(fields[3])), math.tointeger(tonumber(fields[4]))
  if not seed or seed < 0 or not bars or bars < 1 then
    say("Seed and bars are whole numbers.")
    return nil
  end
  kept.prompt, kept.negative, kept.loras = fields[1], fields[2], fields[5]
  kept.seed, kept.window_bars = seed, bars
  reaper.SetProjExtState(0, SECTION, SETTINGS, encoded(kept))
  return kept
end

-- First and last bar, from 1, and the first one's start in seconds.
local function bars_of(from, to)
  local function bar_at(seconds)
    local _, measure = reaper.TimeMap2_timeToBeats(0, seconds)
    return measure
  end
  local first = bar_at(from + NEAR)
  local last = math.max(bar_at(to - NEAR), first)
  return first + 1, last + 1
end

-- The file that the one selected audio item plays, and which part of it; nil and why where there is
-- none that can be used.
local function source()
  if reaper.CountSelectedMediaItems(0) ~= 1 then return nil end
  local item = reaper.GetSelectedMediaItem(0, 0)
  local take = reaper.GetActiveTake(item)
  if not take or reaper.TakeIsMIDI(take) then return nil end
  local file = reaper.GetMediaSourceFileName(reaper.GetMediaItemTake_Source(take))
  local rate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
  local pitch = reaper.GetMediaItemTakeInfo_Value(take, "D_PITCH")
  if not file or file == "" or rate ~= 1 or pitch ~= 0 then
    return nil, "The item isn't just its file (rate, pitch or a section): glue it first."
  end
  return {
    file = file,
    offset_s = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS"),
    length_s = reaper.GetMediaItemInfo_Value(item, "D_LENGTH"),
    position_s = reaper.GetMediaItemInfo_Value(item, "D_POSITION"),
  }
end

-- ---------------------------------------------------------------- what comes back

local function lay(answer)
  reaper.Undo_BeginBlock2(0)
  reaper.PreventUIRefresh(1)
  local index = reaper.CountTracks(0)
  reaper.InsertTrackAtIndex(index, false)
  local track = reaper.GetTrack(0, index)
  reaper.GetSetMediaTrackInfo_String(track, "P_NAME", answer.name, true)
  local item = reaper.AddMediaItemToTrack(track)
  local take = reaper.AddTakeToMediaItem(item)
  reaper.SetMediaItemTake_Source(take, reaper.PCM_Source_CreateFromFile(answer.file))
  reaper.SetMediaItemPosition(item, answer.start_s, false)
  reaper.SetMediaItemLength(item, answer.length_s, false)
  for _, name in ipairs({ "D_FADEINLEN", "D_FADEOUTLEN", "C_BEATATTACHMODE", "B_LOOPSRC" }) do
    reaper.SetMediaItemInfo_Value(item, name, 0)
  end
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", answer.name, true)
  reaper.UpdateItemInProject(item)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(0, "Anacrusis: " .. answer.name, -1)
  reaper.UpdateArrange()
  reaper.Main_OnCommand(40047, 0)  -- Peaks: Build any missing peaks
end

local function wait(request, project, began)
  local looked = 0
  local function look()
    local now = reaper.time_precise()
    if now - looked < LOOK_SECONDS then return reaper.defer(look) end
    looked = now
    local answer = read(request .. ".answer")
    if answer then
      answer = decoded(answer)
      if not answer.ok then return say(answer.message or "The command failed.") end
      if reaper.EnumProjects(-1) ~= project then
        return say("Another project is in front now; the bars are in " .. answer.file)
      end
      lay(answer)
      return say("Bars " .. answer.bars .. " are on a new track; one undo takes them away.")
    end
    local started = read(request .. ".started") ~= nil
    if now - began > (started and MOST_SECONDS or START_SECONDS) then
      return say("The command gave no answer: run `anacrusis reaper install` once, then try again.")
    end
    reaper.defer(look)
  end
  look()
end

local function main()
  local from, to = reaper.GetSet_LoopTimeRange2(0, false, false, 0, 0, false)
  if to <= from then
    return say("Make a time selection first: the bars that it touches are rendered.")
  end
  local sound, why = source()
  if why then return say(why) end
  local _, text = reaper.GetProjExtState(0, SECTION, SETTINGS)
  local settings = ask(decoded(text or ""))
  if not settings then return end

  local stamp = string.format("%d", math.floor(reaper.time_precise() * 1000))
  local folder = reaper.GetProjectPathEx(0) .. "/anacrusis/drop-" .. stamp
  reaper.RecursiveCreateDirectory(folder, 0)
  local request = folder .. "/request.json"
  local first, last = bars_of(from, to)
  reaper.Main_SaveProjectEx(0, folder .. "/project.rpp", 0)
  local asked = {
    version = 1, project = folder .. "/project.rpp", first_bar = first, last_bar = last,
    prompt = settings.prompt, negative = settings.negative, seed = settings.seed,
    window_bars = settings.window_bars, loras = settings.loras, out = folder .. ".wav", source = sound,
  }
  if not write(request, encoded(asked)) then
    return say("Nothing can be written to " .. folder .. ".")
  end
  local started = reaper.ExecProcess(command() .. ' reaper drop "' .. request .. '"', -1)
  if not started then
    return say("The command `" .. command() .. "` could not be started: run `anacrusis reaper install`.")
  end
  say(string.format("Rendering bars %d-%d; REAPER can be used meanwhile.", first, last))
  wait(request, reaper.EnumProjects(-1), reaper.time_precise())
end

main()
