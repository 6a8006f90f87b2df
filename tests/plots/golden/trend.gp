# Redraws the picture: gnuplot './trend.gp'
set terminal svg size 640,465 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './trend.svg'
data = './trend.dat'
set encoding utf8
set label 1 'Trend: time of an iteration' at screen 0.0187,0.9613 left font ',15'
set label 2 'Faultline reference (model: native), policy xe-7.0, model native, kernel 6.19.0' at screen 0.0187,0.9204 left font ',11' textcolor rgb '#444444'
set label 3 'label:n: 4 runs' at screen 0.0187,0.8882 left font ',11' textcolor rgb '#444444'
set label 4 'a point: median of a run; band: the middle half of its repetitions (all, where fewer than 4)' at screen 0.0187,0.8559 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0559 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.1250
set rmargin at screen 0.9313
set tmargin at screen 0.8258
set bmargin at screen 0.1806
set xdata time
set timefmt '%Y-%m-%dT%H:%M:%SZ'
set xlabel 'run started (UTC)'
set format y '%.0s%cs'
set ylabel 'time of an iteration (less is better)'
set style fill transparent solid 0.2 noborder
set xrange ['2026-01-01T01:16:05Z':'2026-01-04T04:52:05Z']
set xtics ('01-01 03:04' '2026-01-01T03:04:05Z', '01-01 21:04' '2026-01-01T21:04:05Z', '01-02 15:04' '2026-01-02T15:04:05Z', '01-03 09:04' '2026-01-03T09:04:05Z', '01-04 03:04' '2026-01-04T03:04:05Z')
plot data index 0 using 1:($3*1e-9):($4*1e-9) with filledcurves lc rgb '#0072B2' notitle, \
     data index 0 using 1:($2*1e-9) with linespoints lw 2 pt 7 ps 0.5 lc rgb '#0072B2' title 'fault/<script>alert(1)</s...ouch hacked)%s\n{/Bold x}_^@ (4 runs, n >= 3 each)'
unset output
