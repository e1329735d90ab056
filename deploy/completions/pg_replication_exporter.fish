# Completion of pg_replication_exporter for fish.

set -l commands serve check doctor healthcheck metrics status
complete -c pg_replication_exporter -f
complete -c pg_replication_exporter -s h -l help -d 'print the help'
complete -c pg_replication_exporter -l version -d 'print the version'
complete -c pg_replication_exporter -l config.file -rF -d 'configuration file'
complete -c pg_replication_exporter -l web.listen-address -x -d 'address to listen on'
complete -c pg_replication_exporter -l web.telemetry-path -x -d 'path of the metrics'
complete -c pg_replication_exporter -l web.config.file -rF -d 'file with TLS, logins and headers'
complete -c pg_replication_exporter -l web.enable-lifecycle -d 'answer POST /-/reload'
complete -c pg_replication_exporter -l auto-discover-databases -d 'ask queries about a database in every database'
complete -c pg_replication_exporter -l include-databases -x -d 'databases to ask them in'
complete -c pg_replication_exporter -l exclude-databases -x -d 'databases not to ask them in'
complete -c pg_replication_exporter -l extend.query-path -rF -d 'file with further queries'
complete -c pg_replication_exporter -l compat.legacy-names -d 'older names of the community exporter as well'
complete -c pg_replication_exporter -l log.level -x -a 'debug info warn error' -d 'what is logged'
complete -c pg_replication_exporter -l log.format -x -a 'logfmt json' -d 'how it is logged'

set -l none "not __fish_seen_subcommand_from $commands"
complete -c pg_replication_exporter -n $none -a serve -d 'serve the metrics'
complete -c pg_replication_exporter -n $none -a check -d 'validate the configuration and the query files'
complete -c pg_replication_exporter -n $none -a doctor -d 'say what is missing on each server'
complete -c pg_replication_exporter -n $none -a healthcheck -d 'ask the running exporter'
complete -c pg_replication_exporter -n $none -a metrics -d 'list every series it can export'
complete -c pg_replication_exporter -n $none -a status -d 'show clusters, servers and lag'

complete -c pg_replication_exporter -n '__fish_seen_subcommand_from metrics' -l format -x -a 'markdown json' -d 'form of the list'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l url -x -d 'ask a running exporter'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l watch -d 'show it again every two seconds'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l json -d 'for scripts'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from check' -l connect -d 'also run every query on every server'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l user -x -d 'login of its web server'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l password-file -rF -d 'file with its password'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l ca-file -rF -d 'who signs its certificate'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l cert-file -rF -d 'our own certificate'
complete -c pg_replication_exporter -n '__fish_seen_subcommand_from status' -l key-file -rF -d 'the key of our own certificate'
