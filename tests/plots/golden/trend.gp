# Redraws the picture: gnuplot './trend.gp'
set terminal svg size 640,467 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './trend.svg'
data = './trend.dat'
set encoding utf8
set label 1 'Trend: time of an iteration' at screen 0.0187,0.9615 left font ',13'
set label 2 'Faultline reference (model: native), policy xe-7.0, model native, kernel 6.19.0' at screen 0.0187,0.9208 left font ',9' textcolor rgb '#444444'
set label 3 'label:n: 4 runs' at screen 0.0187,0.8887 left font ',9' textcolor rgb '#444444'
set label 4 'a point: median of a run; band: the middle half of its repetitions (all, where fewer than 4)' at screen 0.0187,0.8565 left font ',9' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0187,0.0471 left top Left reverse maxcols 1 samplen 2 spacing 1.00 font ',10'
set lmargin at screen 0.1250
set rmargin at screen 0.9719
set tmargin at screen 0.8266
set bmargin at screen 0.1842
set xdata time
set timefmt '%Y-%m-%dT%H:%M:%SZ'
set xlabel 'run started (UTC)'
set format y '%.0s%cs'
set ylabel 'time of an iteration (less is better)'
set style fill transparent solid 0.2 noborder
set offsets graph 0.02, 0.02, 0.1, 0.1
set format x "%m-%d\n%H:%M"
plot data index 0 using 1:($3*1e-9):($4*1e-9) with filledcurves lc rgb '#0072B2' notitle, \
     data index 0 using 1:($2*1e-9) with linespoints lw 2 pt 7 ps 0.5 lc rgb '#0072B2' title 'fault/<script>alert(1)</s...ouch hacked)%s\n{/Bold x}_^@ (4 runs, n >= 3 each)'
unset output
