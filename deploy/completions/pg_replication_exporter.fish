# Completion of pg_replication_exporter for fish.

set -l commands serve check healthcheck metrics status
complete -c pg_replication_exporter -f
complete -c pg_replication_exporter -s h -l help -d 'print the help'
complete -c pg_replication_exporter -l version -d 'print the version'
complete -c pg_replication_exporter -l config.file -rF -d 'configuration file'
complete -c pg_replication_exporter -l web.listen-address -x -d 'address to listen on'
complete -c pg_replication_exporter -l web.telemetry-path -x -d 'path of the metrics'
complete -c pg_replication_exporter -l extend.query-path -rF -d 'file with further queries'
complete -c pg_replication_exporter -l compat.legacy-names -d 'older names of the community exporter as well'
complete -c pg_replication_exporter -l log.level -x -a 'debug info warn error' -d 'what is logged'
complete -c pg_replication_exporter -l log.format -x -a 'logfmt json' -d 'how it is logged'

set -l none "not __fish_seen_subcommand_from $commands"
complete -c pg_replication_exporter -n $none -a serve -d 'serve the metrics'
complete -c pg_replication_exporter -n $none -a check -d 'validate the configuration and the query files'
complete -c pg_replication_exporter -n $none -a healthcheck -d 'ask the running exporter'
complete -c pg_replication_exporter -n $none -a metrics -d 'list every series it can export'
complete -c pg_replication_exporter -n $none -a status -d 'show clusters, servers and lag'

complete -c pg_replication_exporter -n '__fish_seen_subcommand_from metrics' -l format -x -a 'markdown json' -d 'form of the list'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l url -x -d 'ask a running exporter'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l watch -d 'show it again every two seconds'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l json -d 'for scripts'
