# procd's verbs, which write down what they are given: /tmp/procd is what procd was told last, /tmp/history every start and stop.
procd_open_service() { : >/tmp/procd; }
procd_open_instance() { echo instance >>/tmp/procd; }
procd_set_param() { echo "$*" >>/tmp/procd; }
procd_close_instance() { echo end >>/tmp/procd; }
procd_add_reload_trigger() { echo "trigger $*" >>/tmp/procd; }

# a service set without an instance loses the one it had
procd_close_service() {
	if grep -q '^instance$' /tmp/procd; then
		echo start >>/tmp/history
		: >/tmp/running
	else
		echo none >>/tmp/history
		rm -f /tmp/running
	fi
}

procd_kill() {
	echo stop >>/tmp/history
	rm -f /tmp/running
}
