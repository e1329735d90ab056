# Completion of pg_replication_exporter for bash.

_pg_replication_exporter() {
  local word=$2 before=$3 command='' i
  local commands='serve check healthcheck metrics status'
  local flags='--help --version --config.file --web.listen-address --web.telemetry-path --extend.query-path
    --compat.legacy-names --log.level --log.format'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ " $commands " != *" ${COMP_WORDS[i]} "* ]] || command=${COMP_WORDS[i]}
  done
  case $command in
    metrics) flags+=' --format' ;;
    status) flags+=' --url --watch --json' ;;
  esac
  case $before in
    --config.file | --extend.query-path) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --log.level) mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$word") ;;
    --log.format) mapfile -t COMPREPLY < <(compgen -W 'logfmt json' -- "$word") ;;
    --format) mapfile -t COMPREPLY < <(compgen -W 'markdown json' -- "$word") ;;
    --web.listen-address | --web.telemetry-path | --url) ;;
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
