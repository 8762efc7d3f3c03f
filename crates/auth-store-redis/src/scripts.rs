//! The changes, each one script: nothing happens between its look and its change.

use std::sync::LazyLock;

use redis::Script;

/// `KEYS` of all scripts: lock, fence, login. `ARGV[1]` is the word that only the holder knows.
///
/// A lock that ran out is still good while nobody took it since: the fence, which every holder raises, tells.
const MINE: &str = r"
local function number(text) return string.format('%.0f', text) end
local held = redis.call('GET', KEYS[1])
local highest = tonumber(redis.call('GET', KEYS[2]) or '0')
local own = tonumber(ARGV[2])
if (held and held ~= ARGV[1]) or highest > own then return 0 end
if highest < own then redis.call('SET', KEYS[2], number(own)) end
";

/// Takes the lock for `ARGV[2]` milliseconds, and returns the number of the holder, or 0 where somebody else holds it.
///
/// Numbers come from a counter that stays for a while when a login is removed. The time of day, in microseconds, keeps them rising
/// where the counter is lost with everything else; the counter does so where the server's clock goes back.
pub(crate) static LOCK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local counter = tonumber(redis.call('GET', KEYS[2]) or '0')
local version = tonumber(redis.call('HGET', KEYS[3], 'version') or '0')
local number = math.max(counter, math.floor(version / 1024)) + 1
number = math.max(number, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[2], string.format('%.0f', number))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return number
",
    )
});

/// Writes version `ARGV[4]` with text `ARGV[5]` over version `ARGV[3]`, or over nothing where that is empty.
pub(crate) static WRITE: LazyLock<Script> = LazyLock::new(|| {
    guarded(
        r"
local stored = redis.call('HGET', KEYS[3], 'version') or ''
if stored ~= ARGV[3] then
  -- The answer to an earlier attempt may have been lost.
  local same = stored == ARGV[4] and redis.call('HGET', KEYS[3], 'body') == ARGV[5]
  return same and 1 or 0
end
redis.call('HSET', KEYS[3], 'version', ARGV[4], 'body', ARGV[5])
return 1
",
    )
});

/// Removes version `ARGV[3]`.
pub(crate) static ERASE: LazyLock<Script> = LazyLock::new(|| {
    guarded(
        r"
if redis.call('HGET', KEYS[3], 'version') ~= ARGV[3] then return 0 end
redis.call('DEL', KEYS[3])
return 1
",
    )
});

/// Holds the lock for another `ARGV[3]` milliseconds.
pub(crate) static RENEW: LazyLock<Script> = LazyLock::new(|| {
    guarded(
        r"
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
",
    )
});

/// Gives the lock back, if it is still held. Where there is no login, its number is kept for 30 days: nobody who had
/// the lock before is still under way then.
pub(crate) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
redis.call('DEL', KEYS[1])
local fence = redis.call('GET', KEYS[2])
if fence and not redis.call('HGET', KEYS[3], 'version') then
  redis.call('SET', KEYS[2], fence, 'PX', 2592000000)
end
return 1
",
    )
});

fn guarded(change: &str) -> Script {
    Script::new(&format!("{MINE}{change}"))
}
