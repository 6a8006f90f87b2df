# Redraws the picture: gnuplot './trend.gp'
set terminal svg size 640,485 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './trend.svg'
data = './trend.dat'
set encoding utf8
set label 1 'Trend: time of an iteration' at screen 0.0187,0.9629 left font ',15'
set label 2 'Faultline reference (model: native), policy xe-7.0, model native, kernel 6.19.0' at screen 0.0187,0.9237 left font ',11' textcolor rgb '#444444'
set label 3 'label:n: 12 runs' at screen 0.0187,0.8928 left font ',11' textcolor rgb '#444444'
set label 4 'a point: median of a run; band: its 95 % confidence interval (of fewer than 6 repetitions: all of them)' at screen 0.0187,0.8619 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0866 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.1250
set rmargin at screen 0.9156
set tmargin at screen 0.8247
set bmargin at screen 0.2062
set xdata time
set timefmt '%Y-%m-%dT%H:%M:%SZ'
set xlabel 'run started (UTC)'
set ylabel 'time of an iteration (less is better)'
set yrange [0.00012:0.00026]
set ytics ('120us' 0.00012, '140us' 0.00014, '160us' 0.00016, '180us' 0.00018, '200us' 0.0002, '220us' 0.00022, '240us' 0.00024, '260us' 0.00026)
set style fill transparent solid 0.2 noborder
set xrange ['2025-12-31T20:28:05Z':'2026-01-12T09:40:05Z']
set xtics ('2026-01-01' '2026-01-01T03:04:05Z', '2026-01-03' '2026-01-03T21:04:05Z', '2026-01-06' '2026-01-06T15:04:05Z', '2026-01-09' '2026-01-09T09:04:05Z', '2026-01-12' '2026-01-12T03:04:05Z')
plot data index 0 using 1:($3*1e-9):($4*1e-9) with filledcurves lc rgb '#0072B2' notitle, \
     data index 0 using 1:($2*1e-9) with linespoints lw 2 pt 7 ps 0.5 lc rgb '#0072B2' title 'fault/<script>alert(1)</s...ouch hacked)%s\n{/Bold x}_^@ (12 runs, n >= 3 each)', \
     data index 1 using 1:($2*1e-9) with points pt 12 ps 2 lw 2 lc rgb '#0072B2' title 'step: fault/<script>alert...pt>&''"`touch hacked`$(touch hacked)%s\n{/Bold x}_^@', \
     data index 1 using 1:($2*1e-9):6 with labels offset 0,1.2 font ',12' notitle
unset output
