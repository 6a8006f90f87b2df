# Latency of every access of one or more benchmarks: the share that was served within a time, and the nines.
#
#   gnuplot -e "files='run/latency/a.lat run/latency/b.lat'; out='latency.svg'" plots/latency.gp
#
# Reads the side files of `faultline run` (columns: repetition, iteration, latency in ns) as they are. `out` ends in .svg
# (answers the mouse) or .png. Upper half: cumulative distribution. Lower half: percentiles on a nines axis, on which a
# tail that is ten times rarer is one step further.

if (!exists("files") || !exists("out")) {
    print "latency.gp: give the side files and the picture: gnuplot -e \"files='A.lat B.lat'; out='X.svg'\" plots/latency.gp"
    exit status 2
}
if (strlen(out) > 4 && out[strlen(out)-3:*] eq ".svg") {
    set terminal svg size 900,800 dynamic mouse standalone enhanced font "sans,12" background "white"
} else {
    set terminal pngcairo size 900,800 font "sans,11"
}
set output out

# Told apart by the colour-blind (Okabe and Ito's palette).
array colour[7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
name(file) = system(sprintf("sed -n 's/^# benchmark: //p' '%s'", file))
field(file, key) = system(sprintf("sed -n 's/^# %s: //p' '%s'", key, file))
samples(file) = int(system(sprintf("grep -vc '^#' '%s'", file)))

first = word(files, 1)
set multiplot layout 2,1 title sprintf("latency of accesses, %s, policy %s, model %s", \
    field(first, "device"), field(first, "policy"), field(first, "model")) noenhanced
set logscale x
set grid
set key below noenhanced
set format x "%.0s%cs"
set xlabel "latency"
set ylabel "share of accesses"
set yrange [0:1]
plot for [i=1:words(files)] word(files, i) using ($3 * 1e-9):(1.0) smooth cnormal with lines lw 2 \
    lc rgb colour[(i - 1) % 7 + 1] title sprintf("%s (n = %d)", name(word(files, i)), samples(word(files, i)))

unset logscale x
set logscale xy
set format y "%.0s%cs"
unset format x
set xrange [1:0.00001]
set xtics ("50 %%" 0.5, "90 %%" 0.1, "99 %%" 0.01, "99.9 %%" 0.001, "99.99 %%" 0.0001)
set xlabel "percentile"
set ylabel "latency"
set autoscale y
unset key
plot for [i=1:words(files)] sprintf("< grep -v '^#' '%s' | sort -k3,3n | awk '{ v[NR] = $3 } END { for (i = 1; i <= NR; i++) print (NR - i + 0.5) / NR, v[i] * 1e-9 }'", word(files, i)) \
    using 1:2 with lines lw 2 lc rgb colour[(i - 1) % 7 + 1] notitle
unset multiplot
