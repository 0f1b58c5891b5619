#!/bin/sh
# Runs a Docker Engine as on a machine of its own: with its own network, processes, mounts, host name and control groups,
# and with all paths as usual. It ends with this process, and so does everything that it has started.
# Usage: node.sh GROUP HOST_NAME DIRECTORY NETWORK_NAMESPACE
set -eu
group=$1 host=$2 directory=$3 network=$4
groups=/sys/fs/cgroup

# Enters control groups of its own. A namespace made afterwards shows them as the root.
if [ -f $groups/cgroup.controllers ]; then
  mkdir -p "$groups/$group"
  echo $$ > "$groups/$group/cgroup.procs"
else
  for root in $groups/*/; do
    [ -f "$root/cgroup.procs" ] || continue
    mkdir -p "$root/$group"
    # No process may enter a set without processors and memory.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -f "$root/$file" ] || cat "$root/$file" > "$root/$group/$file"
    done
    echo $$ > "$root/$group/cgroup.procs"
  done
fi

# shellcheck disable=SC2016
exec nsenter "--net=$network" \
  unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --mount-proc sh -euc '
    group=$1 host=$2 directory=$3 groups=/sys/fs/cgroup
    mount --make-rprivate /
    hostname "$host"
    if [ -f $groups/cgroup.controllers ]; then
      mount -t cgroup2 cgroup2 $groups
      # A group with groups that are bounded holds no processes itself.
      mkdir -p $groups/init
      while read -r pid; do echo "$pid" > $groups/init/cgroup.procs || true; done < $groups/cgroup.procs
      sed -e "s/ / +/g" -e "s/^/+/" $groups/cgroup.controllers > $groups/cgroup.subtree_control
    else
      for root in $groups/*/; do
        if [ -f "$root/cgroup.procs" ]; then mount --bind "$root/$group" "$root"; fi
      done
    fi
    for path in /etc/docker /etc/tmpfiles.d /var/lib/docker /run; do
      mkdir -p "$path" "$directory$path"
      mount --bind "$directory$path" "$path"
    done
    mount --bind "$directory/resolv.conf" /etc/resolv.conf
    exec dockerd
  ' sh "$group" "$host" "$directory"
