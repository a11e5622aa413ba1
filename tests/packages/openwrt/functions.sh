# What of OpenWrt's /lib/functions.sh kedge's scripts meet, with the same calls and the same local names, in which a caller's
# variables of that name would be lost. UCI files are read as what uci export makes of them: shell.
reset_cb() {
	config_cb() { return 0; }
	option_cb() { return 0; }
	list_cb() { return 0; }
}
reset_cb

config() {
	local cfgtype="$1"
	local name="$2"

	CONFIG_NUM_SECTIONS=$((CONFIG_NUM_SECTIONS + 1))
	name="${name:-cfg0${CONFIG_NUM_SECTIONS}abcd}"
	CONFIG_SECTION=$name
	config_cb "$cfgtype" "$name"
}

# libuci keeps no empty value
option() {
	local varname="$1"
	shift
	local value="$*"

	[ -z "$value" ] || option_cb "$varname" "$*"
}

list() {
	local varname="$1"
	shift
	local value="$*" len=1

	[ -z "$value" ] || list_cb "$varname" "$*"
}

config_load() {
	[ -n "$IPKG_INSTROOT" ] && return 0
	CONFIG_SECTION=
	CONFIG_NUM_SECTIONS=0
	sh -n "/etc/config/$1" 2>/dev/null || return 1
	. "/etc/config/$1"
	${CONFIG_SECTION:+config_cb}
}

scripts_of() {
	grep -s '^/etc/init.d/' "$IPKG_INSTROOT/usr/lib/opkg/info/$(basename "${1%.*}").list"
}

default_postinst() {
	local root="$IPKG_INSTROOT"

	for i in $(scripts_of "$1"); do
		if [ -n "$root" ]; then
			/bin/sh "$root/etc/rc.common" "$root$i" enable
		else
			[ "$PKG_UPGRADE" = 1 ] || "$i" enable
			"$i" start
		fi
	done
}

default_prerm() {
	local root="$IPKG_INSTROOT"

	for i in $(scripts_of "$1"); do
		if [ -n "$root" ]; then
			/bin/sh "$root/etc/rc.common" "$root$i" disable
		else
			[ "$PKG_UPGRADE" = 1 ] || "$i" disable
			"$i" stop
		fi
	done
}
