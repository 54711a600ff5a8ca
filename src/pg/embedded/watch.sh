# Becomes the server "$3…", and leaves a watcher behind that stops it when our owner dies.
#
# The owner holds the other end of our standard input. When it ends, even by SIGKILL, the pipe
# closes, the watcher wakes, asks the server for a fast shutdown, and removes the data folder $1 and the folder $2 if $2 is given.
# The watcher belongs to init, not to the server, which takes the end of an unknown child for a crash.
exec 3<&0 </dev/null
(
  (
    read -r _line <&3
    n=0
    # The pid file proves that the process is still that server; it appears late when the owner died early.
    while [ $n -lt 50 ]; do
      if read -r pid <"$1/postmaster.pid" && [ "$pid" = $$ ]; then kill -INT $$; break; fi
      kill -0 $$ || break
      sleep 0.1; n=$((n + 1))
    done
    n=0
    while [ -e "$1/postmaster.pid" ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
    [ -z "$2" ] || rm -rf "$1" "$2"
  ) >/dev/null 2>&1 &
)
shift 2
exec "$@" 3<&-
