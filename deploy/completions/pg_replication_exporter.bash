# Completion of pg_replication_exporter for bash.

_pg_replication_exporter() {
  local word=$2 before=$3 command='' i
  local commands='serve check doctor healthcheck metrics status'
  local flags='--help --version --config.file --web.listen-address --web.telemetry-path --web.config.file
    --web.enable-lifecycle --extend.query-path --auto-discover-databases --include-databases --exclude-databases
    --compat.legacy-names --log.level --log.format'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ " $commands " != *" ${COMP_WORDS[i]} "* ]] || command=${COMP_WORDS[i]}
  done
  case $command in
    check) flags+=' --connect' ;;
    metrics) flags+=' --format' ;;
    status) flags+=' --url --user --password-file --ca-file --cert-file --key-file --watch --json' ;;
  esac
  case $before in
    --config.file | --extend.query-path | --web.config.file | --*-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --log.level) mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$word") ;;
    --log.format) mapfile -t COMPREPLY < <(compgen -W 'logfmt json' -- "$word") ;;
    --format) mapfile -t COMPREPLY < <(compgen -W 'markdown json' -- "$word") ;;
    --web.listen-address | --web.telemetry-path | --include-databases | --exclude-databases | --url | --user) ;;
    *)
      if [[ $word == -* || -n $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
      else
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
      fi
      ;;
  esac
}

complete -F _pg_replication_exporter -o filenames pg_replication_exporter
